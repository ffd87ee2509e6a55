#include "kernel/results/scores_file.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <system_error>

#include <fmt/format.h>

#include "formats/safetensors.h"
#include "kernel/recipe/evaluator_file.h"
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// Whether a file is one that was written here, and may go.
bool is_scores(const fs::path& file) {
  try {
    return formats::SafetensorsReader(file).metadata().contains("pairs");
  } catch (const Error&) {
    return false;
  }
}

fs::path scores_name(const std::string& evaluator) { return evaluator_file_name(evaluator) + ".safetensors"; }

template <typename T>
formats::TensorBytes tensor(const char* name, const char* dtype, const std::vector<T>& values) {
  return {name, dtype, {static_cast<int64_t>(values.size())}, std::as_bytes(std::span(values))};
}

template <typename T>
std::vector<T> values_in(const formats::SafetensorsReader& reader, const fs::path& file, const char* name, const char* dtype) {
  const formats::TensorInfo* info = reader.find(name);
  if (!info || info->dtype != dtype || info->shape.size() != 1)
    throw Error(fmt::format("\"{}\" holds no scores of pairs: it has no list \"{}\" of type {}", file.string(), name, dtype));
  const auto bytes = reader.bytes(*info);
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

}  // namespace

fs::path scores_folder_of(const fs::path& results) {
  if (results.filename() == "results.json") return results.parent_path() / "scores";
  return results.extension() == ".json" ? fs::path(results).replace_extension(".scores") : fs::path(results.string() + ".scores");
}

void write_scores(const fs::path& folder, const std::vector<NamedMetrics>& results) {
  std::vector<fs::path> written;
  for (const NamedMetrics& named : results) {
    const Comparisons& all = named.metrics.comparisons;
    if (all.scores.empty()) continue;
    fs::create_directories(folder);
    written.push_back(scores_name(named.name));
    if (const fs::path file = folder / written.back(); fs::exists(file) && !is_scores(file))
      throw Error(fmt::format("\"{}\" is in the way of the scores of \"{}\", and was not written by lafs; move it elsewhere", file.string(),
                              named.name));
    formats::write_safetensors(
        folder / written.back(),
        {tensor("scores", "F64", all.scores), tensor("first_person", "I32", all.first_person),
         tensor("second_person", "I32", all.second_person), tensor("same", "U8", all.same), tensor("correct", "U8", all.correct)},
        {{"pairs", all.pairs}});
  }
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(folder, absent))
    if (entry.path().extension() == ".safetensors" && std::find(written.begin(), written.end(), entry.path().filename()) == written.end() &&
        is_scores(entry.path()))
      fs::remove(entry.path(), absent);
}

Comparisons read_scores(const fs::path& file) {
  const formats::SafetensorsReader reader(file);
  reader.verify();
  Comparisons all{values_in<double>(reader, file, "scores", "F64"),         values_in<uint8_t>(reader, file, "same", "U8"),
                  values_in<uint8_t>(reader, file, "correct", "U8"),        values_in<int32_t>(reader, file, "first_person", "I32"),
                  values_in<int32_t>(reader, file, "second_person", "I32"), ""};
  if (const auto pairs = reader.metadata().find("pairs"); pairs != reader.metadata().end()) all.pairs = pairs->second;
  const size_t n = all.scores.size();
  if (all.same.size() != n || all.correct.size() != n || all.first_person.size() != n || all.second_person.size() != n)
    throw Error(fmt::format("\"{}\" has lists of different lengths", file.string()));
  const auto nobody = [](int32_t person) { return person < 0; };
  if (std::any_of(all.first_person.begin(), all.first_person.end(), nobody) ||
      std::any_of(all.second_person.begin(), all.second_person.end(), nobody))
    throw Error(fmt::format("\"{}\" has a person below 0", file.string()));
  return all;
}

std::optional<Comparisons> scores_in(const fs::path& folder, const std::string& evaluator) {
  const fs::path file = folder / scores_name(evaluator);
  std::error_code absent;
  return fs::exists(file, absent) ? std::optional(read_scores(file)) : std::nullopt;
}

}  // namespace lafs
