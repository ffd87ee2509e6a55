#include "kernel/evaluate/evaluation_set.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/face_bin.h"
#include "formats/file_kind.h"
#include "formats/ijb_folder.h"
#include "formats/mapped_file.h"
#include "formats/pair_list.h"
#include "formats/recordio.h"
#include "kernel/evaluate/ijb_table.h"
#include "kernel/model/open_source.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

constexpr int64_t most_genuine = 3000;  // as many as LFW has

std::string quoted(const fs::path& path) {
  Node node;
  node.value = fs::absolute(path).string();
  return inline_text(node);
}

bool has_tinyface(const fs::path& path) { return fs::is_directory(path / "Probe") && fs::is_directory(path / "Gallery_Match"); }

/// Old pickles have no mark of their own, but begin with an opening bracket.
bool is_verification_set(const fs::path& file) {
  const formats::MappedFile mapped(file);
  if (const auto kind = formats::file_kind(mapped.bytes()); kind && kind->pickle) return true;
  if (mapped.bytes().empty() || mapped.bytes()[0] != std::byte{'('}) return false;
  try {
    const formats::FaceBin pairs(mapped.bytes(), file.string());
    return true;
  } catch (const Error&) {
    return false;
  }
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

/// Where the lists of an IJB folder lie, and what both protocols need of them.
struct IjbLists {
  fs::path meta;
  std::string prefix;  ///< "ijbb" or "ijbc"

  explicit IjbLists(const fs::path& root) : meta(root / "meta") {
    constexpr std::string_view pictures_ending = "_face_tid_mid.txt";
    prefix = formats::ijb_list(root, pictures_ending).filename().string();
    prefix.resize(prefix.size() - pictures_ending.size());
  }
  std::string list(std::string_view ending) const { return quoted(meta / (prefix + std::string(ending))); }
  std::string common() const {
    return fmt::format("data = {{ use = \"ijb\", root = {} }}\npictures = {}\nfaces = {}\n", quoted(meta.parent_path()),
                       list("_face_tid_mid.txt"), list("_name_5pts_score.txt"));
  }
};

std::string ijb(const fs::path& root) {
  const IjbLists lists(root);
  const std::string verification = template_verification_table(root);
  const std::vector<fs::path> found = galleries(lists.meta, lists.prefix);
  if (found.empty()) return verification;
  std::vector<std::string> names;
  for (const fs::path& gallery : found) names.push_back(quoted(gallery));
  return verification + fmt::format("\n[[evaluator]]\nuse = \"identification_1n\"\n{}galleries = [{}]\nprobes = {}\n", lists.common(),
                                    fmt::join(names, ", "), lists.list("_1N_probe_mixed.csv"));
}

std::string tinyface(const fs::path& root) {
  return fmt::format("[[evaluator]]\nuse = \"tinyface\"\ndata = {{ use = \"image_folder\", root = {} }}\n", quoted(root));
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

std::string people(const EvaluationSetRequest& request, Registry& registry) {
  const fs::path& path = request.path;
  const auto possible = possible_pairs(*open_source({.path = path, .root = {}, .toml = ""}, {}, registry).source);
  if (possible.genuine == 0 || possible.impostors == 0) {
    throw Error(fmt::format("\"{}\" has no {}: there is nothing to compare", path.string(),
                            possible.genuine == 0 ? "person with two pictures" : "second person"));
  }
  const std::string data = source_table(path);
  return fmt::format(
      "[[evaluator]]\nuse = \"verification\"\ndata = {}\ngenuine = {}\nimpostor = {}\n\n"
      "[[evaluator]]\nuse = \"retrieval\"\ndata = {}\n",
      data, std::min(possible.genuine, most_genuine), std::min(possible.impostors, request.impostors), data);
}

std::string pair_list(const EvaluationSetRequest& request) {
  const fs::path root = request.pictures.empty() ? fs::absolute(request.path).parent_path() : request.pictures;
  formats::read_pair_list(request.path.string());  // what is wrong with the list is said before its folder is looked at
  return fmt::format("[[evaluator]]\nuse = \"verification\"\npairs = {}\ndata = {{ use = \"image_folder\", root = {} }}\n",
                     quoted(request.path), quoted(root));
}

}  // namespace

std::string template_verification_table(const fs::path& root) {
  const IjbLists lists(root);
  return fmt::format("[[evaluator]]\nuse = \"template_verification\"\n{}pairs = {}\n", lists.common(),
                     lists.list("_template_pair_label.txt"));
}

std::string evaluation_tables(const EvaluationSetRequest& request, Registry& registry) {
  const fs::path& path = request.path;
  if (!fs::exists(path)) throw Error(fmt::format("\"{}\" does not exist", path.string()));
  if (formats::is_ijb_folder(path)) return ijb(path);
  if (has_tinyface(path)) return tinyface(path);
  if (fs::is_directory(path) || formats::is_record_name(path)) return people(request, registry);
  if (is_verification_set(path)) {
    return fmt::format("[[evaluator]]\nuse = \"verification\"\ndata = {{ use = \"face_bin\", file = {} }}\n", quoted(path));
  }
  if (const auto what = formats::not_data(path)) throw Error(*what);
  return pair_list(request);
}

}  // namespace lafs
