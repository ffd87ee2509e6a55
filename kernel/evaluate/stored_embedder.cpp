#include "kernel/evaluate/stored_embedder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/npy_reader.h"
#include "formats/safetensors.h"
#include "kernel/evaluate/named_features.h"
#include "kernel/model/scalar_types.h"
#include "lafs/error.h"

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

at::Tensor floats_of(const StoredMatrix& matrix, const std::string& file) {
  const auto type = scalar_type_named(matrix.dtype);
  if (!type || !at::isFloatingType(*type) || at::isFloat8Type(*type))
    throw Error(fmt::format("\"{}\" holds {}; features are real numbers: F32, F64, F16 or BF16", file, matrix.dtype));
  at::Tensor aligned = at::empty(matrix.shape, *type);
  std::memcpy(aligned.data_ptr(), matrix.bytes.data(), matrix.bytes.size());
  return aligned.to(at::kFloat);
}

bool is_aligned(const std::byte* address) { return reinterpret_cast<uintptr_t>(address) % alignof(float) == 0; }

void check_finite(const FeatureMatrix& rows, const FeatureRequest& request, const std::string& file) {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const auto row = rows.row(r);
    if (std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); })) continue;
    const int64_t picture = request.indices ? (*request.indices)[static_cast<size_t>(r)] : r;
    throw Error(fmt::format("row {} of \"{}\", picture \"{}\", is not finite", picture, file, request.source->key(picture)));
  }
}

}  // namespace

std::string recorded_flip(const std::filesystem::path& file) {
  std::ifstream in(file.string() + ".json");
  const auto facts = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  return facts.is_object() && facts.contains("flip") && facts["flip"].is_string() ? facts["flip"].get<std::string>() : "";
}

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
  const auto values = std::make_shared<at::Tensor>(floats_of(matrix, file.string()));
  owner_ = values;
  matrix_ = {{values->const_data_ptr<float>(), count}, matrix.shape[0], matrix.shape[1]};
}

bool holds_features(const std::filesystem::path& file) {
  if (is_npy(file)) return true;
  try {
    const formats::SafetensorsReader reader(file);
    return reader.find("features") || reader.tensors().size() == 1;
  } catch (const Error&) {
    return false;
  }
}

void StoredEmbedder::check_request(const FeatureRequest& request) {
  const FeatureMatrix all = rows_->matrix();
  if (request.class_tokens > 0 || request.landmarks) {
    throw Error(fmt::format("\"{}\" holds embeddings; \"{}\" asks for {}, which a model must compute", file_, request.name,
                            request.landmarks ? "landmarks" : "class tokens"));
  }
  if (request.source->size() != all.rows) {
    throw Error(fmt::format("\"{}\" has {} rows, and the data source {} pictures", file_, all.rows, request.source->size()));
  }
  const std::string pictures = request.source->fingerprint();
  if (pictures_.empty()) pictures_ = pictures;
  if (pictures_ != pictures) {
    throw Error(
        fmt::format("\"{}\" holds the features of one set of pictures, and \"{}\" asks for those of another set too; a model can "
                    "compute both",
                    file_, request.name));
  }
}

/// What of a row is wanted: all of it, the picture's half, or both halves added.
StoredEmbedder::Part StoredEmbedder::part_of(const FeatureRequest& request) const {
  const std::string& stored = rows_->flip();
  const std::string wanted = request.flip == "contract" ? input_.flip : request.flip;
  if (stored == "both") {
    if (rows_->matrix().width % 2 != 0)
      throw Error(fmt::format("rows of \"{}\" have {} numbers, which are not a picture's and as many of its mirror's", file_,
                              rows_->matrix().width));
    return wanted == "both" ? Part::whole : wanted == "sum" ? Part::sum : Part::first_half;
  }
  if (wanted != "both") return Part::whole;
  if (stored.empty())
    throw Error(
        fmt::format("\"{}\" wants the features of a picture and of its mirror, and \"{}\" does not say that a row is both; if it "
                    "is, write {{\"flip\": \"both\"}} into \"{}.json\"",
                    request.name, file_, file_));
  throw Error(fmt::format("\"{}\" was written with flip \"{}\"; \"{}\" wants picture and mirror: lafs embed --flip both", file_, stored,
                          request.name));
}

FeatureMatrix StoredEmbedder::rows_of(const FeatureRequest& request, std::vector<std::shared_ptr<const void>>& owners) const {
  const FeatureMatrix all = rows_->matrix();
  const Part part = part_of(request);
  if (!request.indices && part == Part::whole) return all;
  const int64_t rows = request.indices ? static_cast<int64_t>(request.indices->size()) : all.rows;
  const auto width = static_cast<size_t>(part == Part::whole ? all.width : all.width / 2);
  const auto copy = std::make_shared<std::vector<float>>();
  copy->reserve(static_cast<size_t>(rows) * width);
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t index = request.indices ? (*request.indices)[static_cast<size_t>(r)] : r;
    check_index(index, all.rows);
    const auto row = all.row(index);
    for (size_t i = 0; i < width; ++i) copy->push_back(part == Part::sum ? row[i] + row[width + i] : row[i]);
  }
  owners.push_back(copy);
  return {*copy, rows, static_cast<int64_t>(width)};
}

std::shared_ptr<const Features> StoredEmbedder::embed(const std::vector<FeatureRequest>& requests) {
  auto out = std::make_shared<NamedFeatures>();
  out->owners.push_back(rows_);
  std::vector<FeatureRequest> pixels;
  for (const FeatureRequest& request : requests) {
    if (request.pixels) {
      pixels.push_back(request);
      continue;
    }
    check_request(request);
    const FeatureMatrix rows = rows_of(request, out->owners);
    check_finite(rows, request, file_);
    out->matrices.emplace(request.name, rows);
  }
  if (pixels.empty()) return out;
  const std::shared_ptr<const Features> computed = pixels_.embed(pixels);
  out->owners.push_back(computed);
  for (const FeatureRequest& request : pixels) out->matrices.emplace(request.name, computed->of(request.name));
  return out;
}

}  // namespace lafs
