#include "kernel/evaluate/stored_embedder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/npy_reader.h"
#include "formats/safetensors.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

struct StoredMatrix {
  std::string dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};

bool is_npy(const std::filesystem::path& file) {
  std::array<char, 6> first{};
  std::ifstream in(file, std::ios::binary);
  in.read(first.data(), first.size());
  return in && std::memcmp(first.data(), "\x93NUMPY", 6) == 0;
}

StoredMatrix read_tensors(const std::filesystem::path& file) {
  const auto reader = std::make_shared<formats::SafetensorsReader>(file);
  const formats::TensorInfo* info = reader->find("features");
  if (!info && reader->tensors().size() == 1) info = &reader->tensors().front();
  if (!info) {
    throw Error(fmt::format("\"{}\" has {} tensors and none is named \"features\"", file.string(), reader->tensors().size()));
  }
  return {info->dtype, info->shape, reader->bytes(*info), reader};
}

StoredMatrix read_matrix(const std::filesystem::path& file) {
  if (!is_npy(file)) return read_tensors(file);
  formats::NpyArray array = formats::read_npy(file);
  return {array.dtype, array.shape, array.bytes, array.owner};
}

float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16, exponent = (half >> 10) & 31u, mantissa = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent > 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  const float small = std::ldexp(static_cast<float>(mantissa), -24);
  return sign ? -small : small;
}

template <typename From, typename Convert>
std::vector<float> converted(std::span<const std::byte> bytes, const Convert& convert) {
  std::vector<float> out(bytes.size() / sizeof(From));
  for (size_t i = 0; i < out.size(); ++i) {
    From value;
    std::memcpy(&value, bytes.data() + i * sizeof(From), sizeof(From));
    out[i] = convert(value);
  }
  return out;
}

std::vector<float> floats_of(const StoredMatrix& matrix, const std::string& file) {
  if (matrix.dtype == "F32") return converted<float>(matrix.bytes, [](float value) { return value; });
  if (matrix.dtype == "F64") return converted<double>(matrix.bytes, [](double value) { return static_cast<float>(value); });
  if (matrix.dtype == "F16") return converted<uint16_t>(matrix.bytes, half_to_float);
  if (matrix.dtype == "BF16") {
    return converted<uint16_t>(matrix.bytes, [](uint16_t value) { return std::bit_cast<float>(static_cast<uint32_t>(value) << 16); });
  }
  throw Error(fmt::format("\"{}\" holds {}; features are real numbers: F32, F64, F16 or BF16", file, matrix.dtype));
}

bool is_aligned(const std::byte* address) { return reinterpret_cast<uintptr_t>(address) % alignof(float) == 0; }

/// The word `flip` of FILE.json, which `lafs embed` writes; empty where there is none.
std::string recorded_flip(const std::filesystem::path& file) {
  std::ifstream in(file.string() + ".json");
  const auto facts = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  return facts.is_object() && facts.contains("flip") && facts["flip"].is_string() ? facts["flip"].get<std::string>() : "";
}

class FileFeatures final : public Features {
 public:
  FeatureMatrix of(std::string_view request) const override {
    if (const auto found = matrices.find(request); found != matrices.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& entry : matrices) names.push_back(entry.first);
    throw Error(fmt::format("no feature request is named \"{}\"{}", request, suggestion(request, names)));
  }

  std::map<std::string, FeatureMatrix, std::less<>> matrices;
  std::vector<std::shared_ptr<const std::vector<float>>> copies;
  std::shared_ptr<const Features> pixels;
  std::shared_ptr<const FeatureRows> rows;
};

void check_finite(const FeatureMatrix& rows, const FeatureRequest& request, const std::string& file) {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const auto row = rows.row(r);
    if (std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); })) continue;
    const int64_t picture = request.indices ? (*request.indices)[static_cast<size_t>(r)] : r;
    throw Error(fmt::format("row {} of \"{}\", picture \"{}\", is not finite", picture, file, request.source->key(picture)));
  }
}

}  // namespace

FeatureRows::FeatureRows(const std::filesystem::path& file) : flip_(recorded_flip(file)) {
  const StoredMatrix matrix = read_matrix(file);
  if (matrix.shape.size() != 2 || matrix.shape[0] < 1 || matrix.shape[1] < 1) {
    throw Error(fmt::format("\"{}\" holds {} of {} dimensions; features are a matrix with a row for each picture", file.string(),
                            matrix.dtype, matrix.shape.size()));
  }
  const size_t count = static_cast<size_t>(matrix.shape[0] * matrix.shape[1]);
  if (matrix.dtype == "F32" && is_aligned(matrix.bytes.data())) {
    owner_ = matrix.owner;
    matrix_ = {{reinterpret_cast<const float*>(matrix.bytes.data()), count}, matrix.shape[0], matrix.shape[1]};
    return;
  }
  const auto values = std::make_shared<std::vector<float>>(floats_of(matrix, file.string()));
  owner_ = values;
  matrix_ = {*values, matrix.shape[0], matrix.shape[1]};
}

bool holds_features(const std::filesystem::path& file) {
  if (is_npy(file)) return true;
  try {
    const formats::SafetensorsReader reader(file);
    return reader.find("features") != nullptr;
  } catch (const Error&) {
    return false;
  }
}

FeatureMatrix StoredEmbedder::rows_of(const FeatureRequest& request, std::vector<std::shared_ptr<const std::vector<float>>>& copies) const {
  const FeatureMatrix all = rows_->matrix();
  if (request.class_tokens > 0) {
    throw Error(fmt::format("\"{}\" holds embeddings; \"{}\" asks for class tokens, which a model must compute", file_, request.name));
  }
  if (request.source->size() != all.rows) {
    throw Error(fmt::format("\"{}\" has {} rows, and the data source {} pictures", file_, all.rows, request.source->size()));
  }
  if (request.flip == "both" && !rows_->flip().empty() && rows_->flip() != "both") {
    throw Error(fmt::format("\"{}\" was written with flip \"{}\"; \"{}\" wants picture and mirror: lafs embed --flip both", file_,
                            rows_->flip(), request.name));
  }
  if (request.flip == "both" && all.width % 2 != 0) {
    throw Error(fmt::format("rows of \"{}\" have {} numbers, which are not a picture's and as many of its mirror's", file_, all.width));
  }
  if (!request.indices) return all;
  const auto copy = std::make_shared<std::vector<float>>();
  copy->reserve(request.indices->size() * static_cast<size_t>(all.width));
  for (const int64_t index : *request.indices) {
    check_index(index, all.rows);
    const auto row = all.row(index);
    copy->insert(copy->end(), row.begin(), row.end());
  }
  copies.push_back(copy);
  return {*copy, static_cast<int64_t>(request.indices->size()), all.width};
}

std::shared_ptr<const Features> StoredEmbedder::embed(const std::vector<FeatureRequest>& requests) {
  auto out = std::make_shared<FileFeatures>();
  out->rows = rows_;
  std::vector<FeatureRequest> pixels;
  for (const FeatureRequest& request : requests) {
    if (request.pixels) {
      pixels.push_back(request);
      continue;
    }
    const FeatureMatrix rows = rows_of(request, out->copies);
    check_finite(rows, request, file_);
    out->matrices.emplace(request.name, rows);
  }
  if (pixels.empty()) return out;
  out->pixels = pixels_.embed(pixels);
  for (const FeatureRequest& request : pixels) out->matrices.emplace(request.name, out->pixels->of(request.name));
  return out;
}

}  // namespace lafs
