#include "runner/tools/show/model_numbers.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "lafs/error.h"
#include "runner/tools/show/attention_maps.h"

namespace lafs {

namespace {

std::vector<double> numbers(const at::Tensor& row) {
  const at::Tensor values = row.detach().to(at::kCPU, at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

std::vector<bool> truths(const at::Tensor& row) {
  std::vector<bool> out;
  for (const double value : numbers(row)) out.push_back(value != 0);
  return out;
}

std::vector<std::vector<double>> rows_of(const at::Tensor& matrix) {
  std::vector<std::vector<double>> out;
  for (int64_t i = 0; i < matrix.size(0); ++i) out.push_back(numbers(matrix[i]));
  return out;
}

nlohmann::json model_json(const ShownModel& model) {
  return {
      {"backbone", model.plugin}, {"part", model.part}, {"step", model.step}, {"height", model.input.height}, {"width", model.input.width}};
}

nlohmann::json picture_json(const FedPicture& picture) {
  return {{"file", picture.file}, {"height", picture.height}, {"width", picture.width}};
}

}  // namespace

LandmarkNumbers find_landmarks(const ShownModel& model, const std::filesystem::path& file) {
  const at::NoGradGuard no_grad;
  LandmarkNumbers out{fed_picture(file, model.input), {}};
  out.points = rows_of(dynamic_cast<Landmarked&>(*model.backbone).landmarks(network_input(out.picture, model.input), {})[0]);
  return out;
}

AttentionNumbers find_attention(const ShownModel& model, const std::filesystem::path& file, const AttentionRequest& request) {
  const at::NoGradGuard no_grad;
  AttentionNumbers out;
  out.picture = fed_picture(file, model.input);
  const at::Tensor input = network_input(out.picture, model.input);
  std::vector<at::Tensor> blocks = dynamic_cast<Attentive&>(*model.backbone).attention(input);
  for (at::Tensor& block : blocks) block = block[0];
  out.blocks = static_cast<int64_t>(blocks.size());
  out.block = request.block < 0 ? out.blocks + request.block : request.block;
  if (out.block < 0 || out.block >= out.blocks) {
    throw Error(fmt::format("there is no block {}; \"{}\" has {}, numbered from 0", request.block, model.plugin, out.blocks));
  }
  const at::Tensor heads = class_rows(blocks[static_cast<size_t>(out.block)]), rollout = roll_out(blocks)[0];
  out.heads = rows_of(heads);
  out.rollout = numbers(rollout);
  out.threshold = request.threshold;
  if (request.threshold > 0) {
    const at::Tensor masks = mass_mask(heads, request.threshold);
    for (int64_t h = 0; h < masks.size(0); ++h) out.head_masks.push_back(truths(masks[h]));
    out.rollout_mask = truths(mass_mask(rollout.slice(0, 1), request.threshold));
  }
  const int64_t tokens = heads.size(1);
  auto* landmarked = dynamic_cast<Landmarked*>(model.backbone.get());
  if (landmarked && landmarked->landmark_count() == tokens) {
    out.points = rows_of(landmarked->landmarks(input, {})[0]);
  } else {
    const PatchRaster raster = raster_of(tokens, model.input.height, model.input.width);
    out.rows = raster.rows;
    out.columns = raster.columns;
    if (raster.rows == 0) throw Error(fmt::format("the {} tokens of \"{}\" do not form a grid of patches", tokens, model.plugin));
  }
  return out;
}

nlohmann::json landmarks_json(const ShownModel& model, const std::vector<LandmarkNumbers>& all) {
  nlohmann::json out = model_json(model);
  out["pictures"] = nlohmann::json::array();
  for (const LandmarkNumbers& one : all) {
    out["pictures"].push_back(picture_json(one.picture));
    out["pictures"].back()["landmarks"] = one.points;
  }
  return out;
}

nlohmann::json attention_json(const ShownModel& model, const std::vector<AttentionNumbers>& all) {
  nlohmann::json out = model_json(model);
  out["pictures"] = nlohmann::json::array();
  for (const AttentionNumbers& one : all) {
    nlohmann::json picture = picture_json(one.picture);
    picture["block"] = one.block;
    picture["blocks"] = one.blocks;
    picture["heads"] = one.heads;
    picture["rollout"] = one.rollout;
    if (!one.rollout_mask.empty()) {
      picture["head_masks"] = one.head_masks;
      picture["rollout_mask"] = one.rollout_mask;
    }
    if (one.points.empty()) {
      picture["rows"] = one.rows;
      picture["columns"] = one.columns;
    } else {
      picture["landmarks"] = one.points;
    }
    out["pictures"].push_back(std::move(picture));
  }
  return out;
}

}  // namespace lafs
