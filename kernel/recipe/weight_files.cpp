#include "kernel/recipe/weight_files.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// What programs of Hugging Face look for in a folder, in this order.
constexpr const char* usual_names[] = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                                       "pytorch_model.bin.index.json"};
constexpr const char* weight_endings[] = {".safetensors", ".pth", ".pt", ".ckpt", ".bin"};
constexpr size_t most_shown = 4;

[[noreturn]] void fail(const fs::path& file, const std::string& reason) {
  throw Error(fmt::format("cannot read \"{}\" as weights: {}", file.string(), reason));
}

std::string names_text(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  const size_t more = names.size() > most_shown ? names.size() - most_shown : 0;
  names.resize(names.size() - more);
  return fmt::format("\"{}\"{}", fmt::join(names, "\", \""), more > 0 ? fmt::format(" and {} more", more) : "");
}

WeightFiles files_of_index(const fs::path& index) {
  std::ifstream in(index, std::ios::binary);
  if (!in) throw Error(fmt::format("cannot read \"{}\"", index.string()));
  const nlohmann::json json = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) fail(index, "it is not valid JSON, or was cut off");
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (!json.is_object() || map == json.end() || !map->is_object())
    fail(index, "it is a JSON text without a \"weight_map\", which names the files of weights; name a file of weights, or its folder");
  WeightFiles files{index, {}, {}};
  std::map<std::string, size_t> places;
  std::vector<std::string> missing;
  for (const auto& [tensor, file] : map->items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    if (name.empty() || fs::path(name).filename() != name || name == "..")
      fail(index, fmt::format("it says that tensor \"{}\" is in {}, which is not the name of a file beside it", tensor, file.dump()));
    const auto [place, fresh] = places.emplace(name, files.parts.size());
    if (fresh) {
      files.parts.push_back(index.parent_path() / name);
      if (!fs::exists(files.parts.back())) missing.push_back(name);
    }
    files.holder.emplace(tensor, place->second);
  }
  if (files.parts.empty()) fail(index, "its \"weight_map\" names no file");
  if (!missing.empty())
    fail(index, fmt::format("of {} files that it names, {} {} not beside it: {}; fetch what is missing", files.parts.size(), missing.size(),
                            missing.size() == 1 ? "is" : "are", names_text(missing)));
  return files;
}

/// Parts of one set, with nothing missing; empty for other files.
std::vector<fs::path> complete_parts(std::vector<fs::path> files) {
  std::sort(files.begin(), files.end());
  for (size_t i = 0; i < files.size(); ++i) {
    const auto number = part_number(files[i]);
    if (!number || *number != std::pair(i + 1, files.size())) return {};
  }
  return files;
}

/// An archive of torch.save that was unpacked: what the zip held lies in the folder or one below.
bool holds_unpacked(const fs::path& folder) {
  if (fs::exists(folder / "data.pkl")) return true;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (fs::exists(entry.path() / "data.pkl", error)) return true;
  }
  return false;
}

std::optional<WeightFiles> files_of_folder(const fs::path& folder) {
  if (fs::exists(folder / "state.json") || fs::exists(folder / "checkpoints")) return std::nullopt;
  for (const char* name : usual_names) {
    if (fs::exists(folder / name)) return weight_files(folder / name);
  }
  std::vector<fs::path> found, indices;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') || entry.is_directory()) continue;
    if (name.ends_with(".index.json")) indices.push_back(entry.path());
    if (std::find(std::begin(weight_endings), std::end(weight_endings), entry.path().extension().string()) != std::end(weight_endings))
      found.push_back(entry.path());
  }
  if (indices.size() == 1) return files_of_index(indices[0]);
  if (found.size() == 1) return WeightFiles{found[0], found, {}};
  if (const auto parts = complete_parts(found); !parts.empty()) return WeightFiles{folder, parts, {}};
  if (!found.empty()) {
    std::vector<std::string> names;
    for (const fs::path& file : found) names.push_back(file.filename().string());
    fail(folder, fmt::format("the folder has {} files that may be weights: {}; name one of them", names.size(), names_text(names)));
  }
  if (holds_unpacked(folder))
    fail(folder,
         "it is a .pth that was unpacked; name the .pth itself, or pack it again without compression: in the folder, zip -0 -r "
         "../weights.pth .");
  return std::nullopt;
}

}  // namespace

std::optional<std::pair<size_t, size_t>> part_number(const fs::path& file) {
  static const std::regex pattern(R"(.*-(\d{1,6})-of-(\d{1,6})\.[a-z]+)");
  const std::string name = file.filename().string();
  std::smatch found;
  if (!std::regex_match(name, found, pattern)) return std::nullopt;
  return std::pair(std::stoul(found[1]), std::stoul(found[2]));
}

std::optional<WeightFiles> weight_files(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  if (fs::is_directory(path)) return files_of_folder(path);
  if (path.extension() == ".json") return files_of_index(path);
  return WeightFiles{path, {path}, {}};
}

}  // namespace lafs
