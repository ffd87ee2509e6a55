#include "runner/tools/scaffold/recipe_text.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "kernel/data/picture_shapes.h"
#include "kernel/model/open_source.h"
#include "kernel/recipe/document.h"
#include "lafs/error.h"
#include "runner/tools/scaffold/people_split.h"
#include "runner/tools/scaffold/recipe_parts.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

constexpr int64_t own_side = 112;      // of the input for own pictures
constexpr int64_t enough_people = 20;  // to verify, before a note says that they are few

/// `path` as a recipe in `folder` names it: relative where it was given relative.
std::string named_from(const fs::path& path, const fs::path& folder) {
  const fs::path plain = fs::absolute(path).lexically_normal();
  fs::path named = path.is_absolute() ? plain : plain.lexically_relative(fs::absolute(folder).lexically_normal());
  return (named.filename().empty() && named.has_relative_path() ? named.parent_path() : named).string();
}

std::string in_quotes(const std::string& text) {
  Node node;
  node.value = text;
  return inline_text(node);
}

/// Patterns of the parameters that weight decay leaves alone.
std::string without_decay(const std::string& backbone) {
  if (backbone == "iresnet") return "\"rank<=1\"";
  return fmt::format("\"rank<=1\", \"*.{}\", \"*.cls_token\"", backbone == "vit" ? "pos_embed" : "pos_embedding");
}

/// What the parts of a recipe have in place of their marks.
class Values {
 public:
  Values(const NewRecipe& request, Registry& registry) {
    const bool short_run = request.kind == "grid", own = !request.data.empty();
    int64_t pictures = 960, pairs = 1000, side = 64, patch = 8;
    if (own) {
      const PeopleSplit split = read_folder(request, registry);
      pictures = split.train_pictures;
      pairs = split.pairs;
      side = own_side;
      patch = 16;
    }
    const int64_t seen = short_run ? 3000 : 6000, epochs = std::clamp<int64_t>(seen / pictures, 3, 40);
    const bool row = request.kind == "row", labels = row || request.objective == "identification";
    values_.insert({{"kind", request.kind}, {"file", request.file.string()}, {"stem", request.file.stem().string()}});
    number("side", side), number("patch", patch), number("span", side - 1);
    number("local", side / 2 / patch * patch);  // a small view is cut into whole patches, too
    number("tokens", side / patch * (side / patch));
    values_["far"] = pairs < 1000 ? "0.1" : "0.01, 0.1";  // ten pairs or more decide
    values_["no decay"] = without_decay(request.backbone);
    number("epochs", epochs), number("pretrain epochs", std::max<int64_t>(epochs / 2, 2)), number("evaluate", short_run || row ? 0 : 2);
    number("first", 0), number("each", 16);
    if (!own) number("people", 60);
    const auto most = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(pictures)));  // a batch is not larger than the data
    number("batch", std::min<int64_t>(most, !labels || pictures < 640 ? 32 : 64));
    number("pretrain batch", std::min<int64_t>(most, 32));
    values_["clip"] = labels ? "global" : "per_tensor";
    number("clip_norm", labels ? 1 : 3);
    values_["length"] = row ? "" : recipe_part("length", values_);
    values_["projector"] = recipe_part("projector", {});
    values_["optimizer"] = recipe_part("optimizer", values_);
    values_["two views"] = recipe_part("two_views", values_);
    values_["colours"] = recipe_part("axis_colours", {});
    values_["encoder"] = encoder_of(request.objective);
    values_["landmarks"] = recipe_part(row ? "landmarks_cnn" : "landmarks_grid", values_);
  }

  PartValues& all() { return values_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void number(const std::string& mark, int64_t value) { values_[mark] = fmt::format("{}", value); }

  PeopleSplit read_folder(const NewRecipe& request, Registry& registry) {
    const std::string table = source_table(request.data);
    const bool records = table.find("\"record_set\"") != std::string::npos;
    if (!records && table.find("\"ijb\"") != std::string::npos)
      throw Error(fmt::format("\"{}\" is an IJB folder, whose pictures are for measuring; name a folder with one of each person",
                              request.data.string()));
    const OpenSource open = open_source(SourceRequest{.path = {}, .root = {}, .toml = table, .toml_of = "--data"}, {}, registry);
    const PeopleSplit split = split_people(*open.source, request.data.string());
    const fs::path folder = request.file.parent_path().empty() ? "." : request.file.parent_path();
    values_["root"] = in_quotes(named_from(request.data, folder));
    values_["source"] = records ? "use = \"record_set\"\nfiles = [\"@faces\"]" : "use = \"image_folder\"\nroot = \"@faces\"";
    values_["min_images"] =
        split.alone == 0 ? "" : fmt::format("min_images = 2  # people with a single picture make no pair; there are {}\n", split.alone);
    number("people", split.people), number("train", split.train), number("test", split.test), number("pairs", split.pairs);
    if (split.test < enough_people)
      notes_.push_back(fmt::format(
          "{} of the {} people with two pictures or more are verified, too few to trust a difference of some points. A fifth of the "
          "people is put aside, so {} people would give {}.",
          split.test, split.people, 5 * enough_people, enough_people));
    InputContract input;
    input.height = input.width = own_side;
    for (const std::string& note : shape_notes(*open.source, input))
      notes_.push_back(note + "; lafs align cuts faces out in its proportions");
    return split;
  }

  PartValues values_;
  std::vector<std::string> notes_;
};

/// Puts a recipe together.
class Writer {
 public:
  Writer(const NewRecipe& request, Registry& registry)
      : request_(request), values_(request, registry), data_(request.data.empty() ? "drawn" : "folder") {}

  const std::vector<std::string>& notes() const { return values_.notes(); }

  std::string run(const fs::path& file) {
    std::string text = begin("begin", run_title(), run_commands(file)) + part("run") + paths() + part("data_" + data_) +
                       part("backbone_" + request_.backbone) + part("method_" + request_.objective) + part("test_" + data_) + rehearsal();
    return tidy(text);
  }

  std::string row() {
    PartValues& values = values_.all();
    const bool lafs = request_.objective == "lafs";
    values["row"] = lafs ? "supervised, then LAFS, then both together" : request_.objective + ", then labels";
    values["stage 1"] = lafs ? stage("part_fvit", "identification") : stage(request_.backbone, request_.objective);
    values["stage 2"] = lafs ? stage("fvit", "lafs") : stage(request_.backbone, "identification");
    values["stage 3"] = lafs ? stage("part_fvit", "identification") : "";
    const std::string title = lafs ? "LAFS in three stages, each of which starts from weights of those before."
                                   : request_.objective + " without labels, then training with labels from its weights.";
    return tidy(begin("begin", title, run_commands(request_.file)) + part("row") + part("run") + paths() + part("data_" + data_) +
                part("test_" + data_) + rehearsal() + part(lafs ? "stages_lafs" : "stages_without_labels"));
  }

  std::string grid(const fs::path& run_file) {
    PartValues& values = values_.all();
    values["run file"] = run_file.filename().string();
    values["row"] = request_.objective == "identification" ? "margin and augmentation" : request_.objective;
    const std::string title =
        fmt::format("An ablation: {} with every combination of some settings, under three seeds.", run_file.filename().string());
    const std::string file = request_.file.string(), folder = "runs/" + request_.file.stem().string();
    return tidy(begin("begin_grid", title,
                      {{"lafs ablate " + file + " --dry-run", "what there is to run, and how long it takes"},
                       {"lafs ablate " + file, "runs it and prints the table; the same command continues where it was stopped"},
                       {"lafs table " + folder, "the table again, also as Markdown, LaTeX, CSV or HTML"}}) +
                part("grid") + part("axes_" + request_.objective));
  }

 private:
  using Lines = std::vector<std::pair<std::string, std::string>>;

  std::string part(const std::string& name) { return recipe_part(name, values_.all()); }
  std::string paths() { return request_.data.empty() ? "" : part("paths"); }
  std::string rehearsal() { return request_.data.empty() ? "" : part("rehearsal"); }
  std::string stage(const std::string& backbone, const std::string& objective) {
    return in_stage(part("backbone_" + backbone) + part("method_" + objective));
  }

  std::string run_title() const {
    const bool labels = request_.objective == "identification";
    return fmt::format("{} trained {} on {}.", request_.backbone, labels ? "to tell people apart" : "by " + request_.objective,
                       request_.data.empty() ? "drawn faces of people who do not exist" : request_.data.string());
  }

  static Lines run_commands(const fs::path& file) {
    return {{"lafs check " + file.string(), "finds every mistake, without opening pictures"},
            {"lafs plan " + file.string(), "steps, parameters, memory and time"},
            {fmt::format("lafs run {} --out runs/{}", file.string(), file.stem().string()),
             "trains and measures; the same command continues a run that was stopped"}};
  }

  std::string begin(const std::string& name, const std::string& title, const Lines& lines) {
    size_t width = 0;
    for (const auto& [command, what] : lines) width = std::max(width, command.size());
    std::string text;
    for (const auto& [command, what] : lines) text += fmt::format("#   {:<{}}{}\n", command, width + 3, what);
    values_.all()["title"] = title;
    values_.all()["commands"] = text;
    return part(name);
  }

  const NewRecipe& request_;
  Values values_;
  std::string data_;
};

}  // namespace

fs::path run_file_of(const fs::path& grid) { return grid.parent_path() / (grid.stem().string() + "_run.toml"); }

RecipeTexts recipe_texts(const NewRecipe& request, Registry& registry) {
  Writer writer(request, registry);
  if (request.kind == "row") return {writer.row(), "", writer.notes()};
  if (request.kind == "run") return {writer.run(request.file), "", writer.notes()};
  const fs::path run_file = run_file_of(request.file);
  return {writer.grid(run_file), writer.run(run_file), writer.notes()};
}

}  // namespace lafs
