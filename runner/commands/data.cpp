#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/face_records.h"
#include "imaging/decode.h"
#include "kernel/reader.h"
#include "lafs/encoded_of.h"
#include "runner/assembly.h"
#include "runner/commands/command.h"
#include "runner/data/pack.h"
#include "runner/report/progress.h"
#include "runner/train/interrupt.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct SourceArguments {
  fs::path path, root;
  std::string toml;
  RecipeArguments common;

  void add_to(CLI::App& command) {
    auto* source = command.add_option("source", path, "folder of identities, list of pictures, record set, or recipe with a [data_source]");
    source->type_name("SOURCE");
    command.add_option("--source", toml, "any data source: --source '{ use = \"subset\", source = ..., fraction = 0.1 }'")
        ->type_name("TOML")
        ->excludes(source);
    command.add_option("--root", root, "folder of the pictures of a list; default the folder of the list")->type_name("DIR");
    common.add_to(command);
  }
};

struct PackArguments {
  SourceArguments source;
  PackOptions options;
  std::string style = "range", chroma = "420";
  bool quiet = false;
};

struct InfoArguments {
  SourceArguments source;
  int64_t sample = 100;
  bool json = false;
};

Node text_node(const std::string& text) {
  Node node;
  node.value = text;
  node.folder = fs::current_path();
  return node;
}

bool holds_records(const fs::path& folder) {
  return std::any_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [](const fs::directory_entry& entry) { return entry.path().extension() == ".rec"; });
}

/// What a path on the command line means, as the table of a data source.
Node table_of(const SourceArguments& arguments) {
  const fs::path& path = arguments.path;
  if (!fs::exists(path)) throw Error(fmt::format("\"{}\" does not exist", path.string()));
  Node table;
  const bool folder = fs::is_directory(path);
  if (path.extension() == ".rec" || (folder && holds_records(path))) {
    Node files;
    files.value = Node::List{text_node(path.string())};
    table.put("use", text_node("record_set"));
    table.put("files", files);
    return table;
  }
  table.put("use", text_node("image_folder"));
  if (folder) {
    table.put("root", text_node(path.string()));
  } else {
    table.put("root", text_node((arguments.root.empty() ? fs::absolute(path).parent_path() : arguments.root).string()));
    table.put("list", text_node(path.string()));
  }
  return table;
}

/// The source with what it needs to be opened.
struct OpenSource {
  Recipe recipe;
  std::vector<std::string> notes;
  std::shared_ptr<DataSource> source;
};

Use<DataSource> use_of(const SourceArguments& arguments, Registry& registry) {
  if (arguments.path.empty() == arguments.toml.empty()) throw RecipeError({"lafs data: error: name one source: SOURCE or --source"});
  const RecipeContext context = arguments.common.context();
  if (arguments.path.extension() == ".toml") {
    const Recipe recipe = read_recipe(arguments.path, context, registry);
    if (recipe.data_source.empty()) throw Error(fmt::format("\"{}\" has no [data_source]", arguments.path.string()));
    return recipe.data_source;
  }
  Node node = arguments.toml.empty() ? table_of(arguments) : parse_override("--source", arguments.toml);
  if (!node.fields()) throw RecipeError({fmt::format("--source: error: expected a table, \"{{ use = ... }}\", found {}", arguments.toml)});
  std::map<std::string, std::string> roots;
  if (!context.data_root.empty()) roots["data"] = context.data_root;
  for (const auto& [key, value] : context.overrides) {
    if (key.starts_with("paths.")) roots[key.substr(6)] = fs::absolute(value).string();
  }
  Diagnostics diagnostics;
  Use<DataSource> use;
  read_use({diagnostics, registry, roots, false, std::nullopt}, &node, node.position, use);
  diagnostics.throw_if_any();
  return use;
}

OpenSource open_source(const SourceArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  OpenSource open;
  const Use<DataSource> use = use_of(arguments, registry);
  RecipeAssembly assembly(open.recipe, RecipeAssembly::Data::closed, [&](const std::string& text) { open.notes.push_back(text); });
  open.source = use.make(assembly);
  if (const auto* skipping = dynamic_cast<const Skipping*>(open.source.get())) {
    const std::vector<std::string> skipped = skipping->skipped();
    if (!skipped.empty()) open.notes.push_back(fmt::format("damaged pictures left out: {}, first {}", skipped.size(), skipped.front()));
  }
  return open;
}

std::string size_text(const std::pair<int64_t, int64_t>& size) { return fmt::format("{}x{}", size.first, size.second); }

std::string style_text(bool range) { return range ? "range" : "plain"; }

/// One line about the work, once a second.
class PackProgress {
 public:
  PackProgress(bool quiet, int64_t total) : quiet_(quiet), terminal_(::isatty(2) != 0), total_(total) {}
  void show(int64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (quiet_ || (done < total_ && now - shown_ < std::chrono::seconds(terminal_ ? 1 : 5))) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count(), rate = static_cast<double>(done) / std::max(seconds, 1e-9);
    fmt::print(stderr, "{}{} of {} pictures, {:.0f}/s, {} left{}", terminal_ ? "\r\x1b[K" : "", done, total_, rate,
               duration_text(static_cast<double>(total_ - done) / rate), terminal_ && done < total_ ? "" : "\n");
  }

 private:
  bool quiet_, terminal_;
  int64_t total_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now(), shown_ = start_;
};

int run_pack(PackArguments& arguments, const Invocation& invocation) {
  const OpenSource open = open_source(arguments.source, invocation);
  for (const std::string& note : open.notes) fmt::print(stderr, "{}\n", note);
  PackOptions& options = arguments.options;
  options.style = arguments.style == "plain" ? FaceWriter::Style::plain : FaceWriter::Style::range;
  options.full_chroma = arguments.chroma == "444";
  catch_interrupts();
  PackProgress progress(arguments.quiet, open.source->size());
  PackResult result;
  try {
    result = pack(*open.source, options, [&](int64_t finished) {
      progress.show(finished);
      return !interrupted();
    });
  } catch (const Error& error) {
    if (!interrupted()) throw;
    fmt::print(stderr, "lafs: {}\n", error.what());
    return stopped;
  }
  if (result.style != options.style) fmt::print(stderr, "more keys than range style holds: the set was written in plain style\n");
  if (result.sizes.size() > 1)
    fmt::print(stderr, "pictures have {} different sizes; the property file names the commonest\n", result.sizes.size());
  fmt::print("{} pictures of {} identities in {}, {} style, {} copied without loss, {} bytes\n", result.pictures, open.source->identities(),
             options.out.string(), style_text(result.style == FaceWriter::Style::range), result.copied, result.bytes);
  return done;
}

/// Sizes of some pictures, the first and the last among them.
nlohmann::json sampled_sizes(const DataSource& source, int64_t sample) {
  const Encoded* encoded = encoded_of(source);
  const int64_t n = std::min(sample, source.size());
  std::map<std::pair<int64_t, int64_t>, int64_t> sizes;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t index = n == 1 ? 0 : i * (source.size() - 1) / (n - 1);
    if (encoded) {
      ++sizes[image_size(encoded->encoded(index))];
    } else {
      const Image image = source.get(index).image;
      ++sizes[{image.height, image.width}];
    }
  }
  nlohmann::json out = nlohmann::json::object();
  for (const auto& [size, count] : sizes) out[size_text(size)] = count;
  return out;
}

nlohmann::json info_of(const OpenSource& open, int64_t sample) {
  const DataSource& source = *open.source;
  std::vector<int64_t> counts(static_cast<size_t>(source.identities()), 0);
  for (int64_t i = 0; i < source.size(); ++i) ++counts[static_cast<size_t>(source.identity(i))];
  const int64_t empty = std::count(counts.begin(), counts.end(), 0);
  std::sort(counts.begin(), counts.end());
  return {{"pictures", source.size()},
          {"identities", source.identities()},
          {"identities_without_pictures", empty},
          {"pictures_per_identity", {{"min", counts.front()}, {"median", counts[counts.size() / 2]}, {"max", counts.back()}}},
          {"sizes_of_sample", sampled_sizes(source, sample)},
          {"encoded", encoded_of(source) != nullptr},
          {"fingerprint", source.fingerprint()},
          {"notes", open.notes}};
}

/// Shards of a record set that the command line names.
nlohmann::json shards_of(const fs::path& path) {
  std::vector<fs::path> files;
  if (path.extension() == ".rec") files.push_back(path);
  if (files.empty() && fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().extension() == ".rec") files.push_back(entry.path());
    }
    if (fs::exists(path / "train.rec")) files = {path / "train.rec"};
  }
  std::sort(files.begin(), files.end());
  nlohmann::json out = nlohmann::json::array();
  for (const fs::path& file : files) {
    const FaceRecords set(file, {});
    nlohmann::json shard{{"file", file.string()},
                         {"style", style_text(set.style() == FaceRecords::Style::range)},
                         {"pictures", set.size()},
                         {"bytes", fs::file_size(file)}};
    if (const auto& property = set.property())
      shard["property"] = {{"classes", property->classes}, {"height", property->height}, {"width", property->width}};
    out.push_back(std::move(shard));
  }
  return out;
}

void print_info(const nlohmann::json& info) {
  const auto number = [](const nlohmann::json& value) { return value.get<int64_t>(); };
  fmt::print("pictures      {}\nidentities    {}", number(info.at("pictures")), number(info.at("identities")));
  if (const int64_t empty = number(info.at("identities_without_pictures")); empty > 0) fmt::print(", {} without pictures", empty);
  const auto& each = info.at("pictures_per_identity");
  fmt::print("\nper identity  {} to {}, median {}\nsizes         ", number(each.at("min")), number(each.at("max")),
             number(each.at("median")));
  for (const auto& [size, count] : info.at("sizes_of_sample").items()) fmt::print("{} ({})  ", size, number(count));
  fmt::print("\nfingerprint   {}\n", info.at("fingerprint").get<std::string>());
  for (const auto& shard : info.at("shards")) {
    fmt::print("shard         {}: {} style, {} pictures, {} bytes\n", shard.at("file").get<std::string>(),
               shard.at("style").get<std::string>(), number(shard.at("pictures")), number(shard.at("bytes")));
  }
  for (const auto& note : info.at("notes")) fmt::print("note          {}\n", note.get<std::string>());
}

int run_info(const InfoArguments& arguments, const Invocation& invocation) {
  const OpenSource open = open_source(arguments.source, invocation);
  nlohmann::json info = info_of(open, arguments.sample);
  info["shards"] = shards_of(arguments.source.path);
  if (arguments.json) {
    fmt::print("{}\n", info.dump(2));
  } else {
    print_info(info);
  }
  return done;
}

void add_pack_options(CLI::App& command, PackArguments& arguments) {
  PackOptions& options = arguments.options;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  arguments.source.add_to(command);
  command.add_option("--out", options.out, "folder of the record set: train.rec, train.idx, property")->required()->type_name("DIR");
  command.add_option("--style", arguments.style, "range: records that name the pictures of each identity; plain: pictures alone")
      ->check(CLI::IsMember({"range", "plain"}))
      ->capture_default_str();
  command
      .add_option("--format", options.format, "keep: JPEG and PNG bytes of the source as they are, else JPEG; jpeg, png: all encoded anew")
      ->check(CLI::IsMember({"keep", "jpeg", "png"}))
      ->capture_default_str();
  command.add_option("--quality", options.quality, "of JPEG")->check(CLI::Range(1, 100))->capture_default_str();
  command.add_option("--chroma", arguments.chroma, "resolution of colour in JPEG: 420 half, 444 full")
      ->check(CLI::IsMember({"420", "444"}))
      ->capture_default_str();
  command.add_option("--shards", options.shards, "files to write")->check(CLI::Range(1, 99999))->capture_default_str();
  command.add_option("--threads", options.threads, "that read and encode")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_flag("--count-line", options.count_line,
                   "a second line of the property file with the number of pictures, as img2rec.py writes");
  command.add_flag("--force", options.force, "replace a record set that is there");
  command.add_flag("--quiet", arguments.quiet, "no progress");
}

}  // namespace

Action add_data(CLI::App& app) {
  auto packing = std::make_shared<PackArguments>();
  auto asking = std::make_shared<InfoArguments>();
  CLI::App* data = app.add_subcommand("data", "look at data sources and pack them into record sets");
  data->require_subcommand(1);
  CLI::App* pack_command = data->add_subcommand("pack", "write a data source as a face record set");
  add_pack_options(*pack_command, *packing);
  CLI::App* info = data->add_subcommand("info", "pictures, identities, sizes and oddities of a data source");
  asking->source.add_to(*info);
  info->add_option("--sample", asking->sample, "pictures whose size is looked at")->check(CLI::Range(1, 1000000))->capture_default_str();
  info->add_flag("--json", asking->json, "as JSON");
  return
      [=](const Invocation& invocation) { return pack_command->parsed() ? run_pack(*packing, invocation) : run_info(*asking, invocation); };
}

}  // namespace lafs
