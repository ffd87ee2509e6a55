#include "kernel/evaluate/evaluation_set.h"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/file_kind.h"
#include "formats/mapped_file.h"
#include "formats/pair_list.h"
#include "formats/recordio.h"
#include "kernel/model/open_source.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

constexpr int64_t most_drawn = 3000;  // of each kind, as many as LFW has

std::string quoted(const fs::path& path) {
  Node node;
  node.value = fs::absolute(path).string();
  return inline_text(node);
}

bool has_ijb(const fs::path& path) { return fs::is_directory(path / "meta") && fs::is_directory(path / "loose_crop"); }
bool has_tinyface(const fs::path& path) { return fs::is_directory(path / "Probe") && fs::is_directory(path / "Gallery_Match"); }

bool is_pickle(const fs::path& file) {
  const formats::MappedFile mapped(file);
  const auto kind = formats::file_kind(mapped.bytes());
  return kind && kind->pickle;
}

/// "ijbb" or "ijbc": how the lists in meta/ begin.
std::string ijb_prefix(const fs::path& meta) {
  constexpr std::string_view ending = "_face_tid_mid.txt";
  for (const auto& entry : fs::directory_iterator(meta)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  throw Error(fmt::format("\"{}\" has no list *{}", meta.string(), ending));
}

/// Galleries of 1:N, G1 and G2 of IJB-C or S1 and S2 of IJB-B.
std::vector<fs::path> galleries(const fs::path& meta, const std::string& prefix) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(meta)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix + "_1N_gallery_") && name.ends_with(".csv")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

EvaluationSet ijb(const fs::path& root) {
  const fs::path meta = root / "meta";
  const std::string prefix = ijb_prefix(meta);
  const auto list = [&](const char* name) { return quoted(meta / (prefix + name)); };
  const std::string common = fmt::format("data = {{ use = \"ijb\", root = {} }}\npictures = {}\nfaces = {}\n", quoted(root),
                                         list("_face_tid_mid.txt"), list("_name_5pts_score.txt"));
  EvaluationSet set{
      .what = "IJB set",
      .tables = fmt::format("[[evaluator]]\nuse = \"template_verification\"\n{}pairs = {}\n", common, list("_template_pair_label.txt"))};
  const std::vector<fs::path> found = galleries(meta, prefix);
  if (found.empty()) return set;
  std::vector<std::string> names;
  for (const fs::path& gallery : found) names.push_back(quoted(gallery));
  set.tables += fmt::format("\n[[evaluator]]\nuse = \"identification_1n\"\n{}galleries = [{}]\nprobes = {}\n", common,
                            fmt::join(names, ", "), list("_1N_probe_mixed.csv"));
  return set;
}

EvaluationSet tinyface(const fs::path& root) {
  return {.what = "TinyFace",
          .tables = fmt::format("[[evaluator]]\nuse = \"tinyface\"\ndata = {{ use = \"image_folder\", root = {} }}\n", quoted(root))};
}

/// Pairs of people: how many of each kind there are to draw from.
struct PossiblePairs {
  int64_t genuine = 0, impostors = 0;
};

PossiblePairs possible_pairs(const DataSource& source) {
  std::map<int64_t, int64_t> pictures;
  for (int64_t i = 0; i < source.size(); ++i) ++pictures[source.identity(i)];
  PossiblePairs possible{0, source.size() * (source.size() - 1) / 2};
  for (const auto& [identity, count] : pictures) possible.genuine += count * (count - 1) / 2;
  possible.impostors -= possible.genuine;
  return possible;
}

EvaluationSet people(const fs::path& path, Registry& registry) {
  const auto possible = possible_pairs(*open_source({.path = path, .root = {}, .toml = ""}, {}, registry).source);
  if (possible.genuine == 0 || possible.impostors == 0) {
    throw Error(fmt::format("\"{}\" has no {}: there is nothing to compare", path.string(),
                            possible.genuine == 0 ? "person with two pictures" : "second person"));
  }
  const std::string data = source_table(path);
  return {.what = "pictures by person",
          .tables = fmt::format("[[evaluator]]\nuse = \"verification\"\ndata = {}\ngenuine = {}\nimpostor = {}\n\n"
                                "[[evaluator]]\nuse = \"retrieval\"\ndata = {}\n",
                                data, std::min(possible.genuine, most_drawn), std::min(possible.impostors, most_drawn), data)};
}

EvaluationSet pair_list(const EvaluationSetRequest& request) {
  const fs::path root = request.pictures.empty() ? fs::absolute(request.path).parent_path() : request.pictures;
  formats::read_pair_list(request.path.string());  // what is wrong with the list is said before its folder is looked at
  return {.what = "list of pairs",
          .tables = fmt::format("[[evaluator]]\nuse = \"verification\"\npairs = {}\ndata = {{ use = \"image_folder\", root = {} }}\n",
                                quoted(request.path), quoted(root))};
}

}  // namespace

EvaluationSet evaluation_set(const EvaluationSetRequest& request, Registry& registry) {
  const fs::path& path = request.path;
  if (!fs::exists(path)) throw Error(fmt::format("\"{}\" does not exist", path.string()));
  if (has_ijb(path)) return ijb(path);
  if (has_tinyface(path)) return tinyface(path);
  if (fs::is_directory(path) || formats::is_record_name(path)) return people(path, registry);
  if (is_pickle(path)) {
    return {.what = "verification set",
            .tables = fmt::format("[[evaluator]]\nuse = \"verification\"\ndata = {{ use = \"face_bin\", file = {} }}\n", quoted(path))};
  }
  if (const auto what = formats::not_data(path)) throw Error(*what);
  return pair_list(request);
}

}  // namespace lafs
