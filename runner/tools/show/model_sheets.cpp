#include "runner/tools/show/model_sheets.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "imaging/decode.h"
#include "lafs/error.h"
#include "runner/tools/show/attention_maps.h"

namespace lafs {

namespace {

std::string file_name(const FedPicture& picture) { return std::filesystem::path(picture.file).filename().string(); }

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

std::string model_text(const ShownModel& model) { return fmt::format("{} at {}, step {}", model.plugin, model.part, model.step); }

/// Grey and pale, so that colours over it are seen.
Image dimmed(const Image& image, double contrast, double floor) {
  std::vector<uint8_t> bytes(static_cast<size_t>(image.size()));
  for (int64_t i = 0; i < image.height * image.width; ++i) {
    const uint8_t* pixel = image.bytes.get() + i * Image::channels;
    const double grey = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
    std::fill_n(bytes.begin() + i * Image::channels, Image::channels, static_cast<uint8_t>(std::lround(floor + contrast * grey)));
  }
  return imaging::image_of(image.height, image.width, std::move(bytes));
}

uint8_t mixed(uint8_t under, uint8_t over, double share) { return static_cast<uint8_t>(std::lround(under + share * (over - under))); }

/// Draws maps and masks of one picture.
class AttentionCells {
 public:
  AttentionCells(const AttentionNumbers& numbers, int64_t zoom) : numbers_(numbers), image_(numbers.picture.image), zoom_(zoom) {}

  Cell map(const std::vector<double>& values, const std::string& name) const {
    const double most = std::max(*std::max_element(values.begin(), values.end()), 1e-300);
    double sum = 0;
    for (const double value : values) sum += value;
    const std::string caption = fmt::format("{}max {:.1f} %", name, 100 * most / std::max(sum, 1e-300));
    if (!numbers_.points.empty()) {
      Sheet sheet = zoomed(dimmed(image_, 0.55, 90), zoom_);
      discs(sheet, [&](size_t token) { return heat(values[token] / most); }, values);
      return {sheet.image(), caption};
    }
    const Image grey = dimmed(image_, 1, 0);
    return {recoloured([&](size_t token, int64_t pixel) {
              const Colour over = heat(values[token] / most);
              const uint8_t under = grey.bytes.get()[pixel];
              return Colour{mixed(under, over.r, 0.65), mixed(under, over.g, 0.65), mixed(under, over.b, 0.65)};
            }),
            caption};
  }

  Cell mask(const std::vector<bool>& kept) const {
    const auto count = std::count(kept.begin(), kept.end(), true);
    const std::string caption = fmt::format("{} of {} tokens", count, kept.size());
    if (!numbers_.points.empty()) {
      Sheet sheet = zoomed(dimmed(image_, 0.55, 90), zoom_);
      const std::vector<double> order(kept.begin(), kept.end());
      discs(sheet, [&](size_t token) { return kept[token] ? Colour{255, 190, 40} : Colour{150, 153, 160}; }, order);
      return {sheet.image(), caption};
    }
    const Image pale = dimmed(image_, 0.25, 175);
    return {recoloured([&](size_t token, int64_t pixel) {
              const uint8_t* bytes = (kept[token] ? image_ : pale).bytes.get() + pixel;
              return Colour{bytes[0], bytes[1], bytes[2]};
            }),
            caption};
  }

 private:
  /// Every pixel anew by `colour_of(token, byte of the pixel)`; what no patch covers stays.
  template <typename ColourOf>
  Image recoloured(const ColourOf& colour_of) const {
    std::vector<uint8_t> bytes(image_.bytes.get(), image_.bytes.get() + image_.size());
    const int64_t side = std::min(image_.height / numbers_.rows, image_.width / numbers_.columns);
    for (int64_t y = 0; y < side * numbers_.rows; ++y) {
      for (int64_t x = 0; x < side * numbers_.columns; ++x) {
        const int64_t pixel = (y * image_.width + x) * Image::channels;
        const Colour colour = colour_of(static_cast<size_t>(y / side * numbers_.columns + x / side), pixel);
        bytes[static_cast<size_t>(pixel)] = colour.r;
        bytes[static_cast<size_t>(pixel) + 1] = colour.g;
        bytes[static_cast<size_t>(pixel) + 2] = colour.b;
      }
    }
    return zoomed(imaging::image_of(image_.height, image_.width, std::move(bytes)), zoom_).image();
  }

  /// Discs at the landmarks, those with the largest `order` on top.
  template <typename ColourOf>
  void discs(Sheet& sheet, const ColourOf& colour_of, const std::vector<double>& order) const {
    std::vector<size_t> tokens(order.size());
    for (size_t i = 0; i < tokens.size(); ++i) tokens[i] = i;
    std::stable_sort(tokens.begin(), tokens.end(), [&](size_t a, size_t b) { return order[a] < order[b]; });
    const double radius = std::clamp(0.2 * static_cast<double>(sheet.width()) / std::sqrt(static_cast<double>(order.size())), 1.6, 8.0);
    for (const size_t token : tokens) {
      const auto& point = numbers_.points[token];
      sheet.disc(zoomed_place(point[0], zoom_), zoomed_place(point[1], zoom_), radius, colour_of(token), 0.4);
    }
  }

  const AttentionNumbers& numbers_;
  const Image& image_;
  int64_t zoom_;
};

std::vector<double> mean_of(const std::vector<std::vector<double>>& rows) {
  std::vector<double> mean(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) mean[i] += row[i] / static_cast<double>(rows.size());
  }
  return mean;
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
    if (raster.rows == 0) throw Error(fmt::format("the {} tokens of \"{}\" are no raster of patches", tokens, model.plugin));
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

ContactSheet landmark_sheet(const ShownModel& model, const std::vector<LandmarkNumbers>& all, int64_t asked) {
  constexpr int64_t side = 280;
  const int64_t zoom = zoom_for(model.input.width, side, asked);
  const size_t columns = std::min<size_t>(all.size(), 4);
  ContactSheet sheet;
  sheet.title = fmt::format("Landmarks: {}", model_text(model));
  sheet.subtitle = fmt::format("{} landmarks; a landmark has the same colour in every picture",
                               dynamic_cast<Landmarked&>(*model.backbone).landmark_count());
  sheet.low = "first landmark";
  sheet.high = "last";
  sheet.headings.assign(columns, "");
  for (size_t i = 0; i < all.size(); ++i) {
    if (i % columns == 0) sheet.rows.emplace_back();
    Sheet picture = zoomed(all[i].picture.image, zoom);
    const double radius = std::clamp(0.008 * static_cast<double>(picture.width()), 1.2, 5.0);
    const auto count = static_cast<double>(std::max<size_t>(all[i].points.size(), 2) - 1);
    for (size_t l = 0; l < all[i].points.size(); ++l) {
      const auto& point = all[i].points[l];
      picture.disc(zoomed_place(point[0], zoom), zoomed_place(point[1], zoom), radius, heat(static_cast<double>(l) / count), 0.6);
    }
    sheet.rows.back().push_back({picture.image(), file_name(all[i].picture)});
  }
  return sheet;
}

ContactSheet attention_sheet(const ShownModel& model, const std::vector<AttentionNumbers>& all, int64_t asked) {
  constexpr int64_t side = 144;
  const int64_t zoom = zoom_for(model.input.width, side, asked);
  ContactSheet sheet;
  sheet.title = fmt::format("Attention of the class token: {}", model_text(model));
  sheet.low = "none";
  sheet.high = "largest of the map";
  if (all.empty()) return sheet;
  sheet.subtitle = fmt::format("heads of block {} of {} (numbered from 0), and roll-out over all blocks; max: share of the map's sum",
                               all.front().block, all.front().blocks);
  sheet.headings = {"picture"};
  for (size_t h = 0; h < all.front().heads.size(); ++h) sheet.headings.push_back(fmt::format("head {}", h));
  sheet.headings.insert(sheet.headings.end(), {"mean", "roll-out"});
  for (const AttentionNumbers& one : all) {
    const AttentionCells cells(one, zoom);
    std::vector<Cell> maps{{zoomed(one.picture.image, zoom).image(), file_name(one.picture)}};
    for (const auto& head : one.heads) maps.push_back(cells.map(head, ""));
    maps.push_back(cells.map(mean_of(one.heads), ""));
    maps.push_back(cells.map({one.rollout.begin() + 1, one.rollout.end()}, ""));
    sheet.rows.push_back(std::move(maps));
    if (one.rollout_mask.empty()) continue;
    std::vector<Cell> masks{{{}, fmt::format("tokens with {:.3g} % of the mass", 100 * one.threshold)}};
    for (const auto& mask : one.head_masks) masks.push_back(cells.mask(mask));
    masks.push_back({{}, ""});
    masks.push_back(cells.mask(one.rollout_mask));
    sheet.rows.push_back(std::move(masks));
  }
  return sheet;
}

}  // namespace lafs
