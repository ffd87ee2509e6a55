#include "runner/tools/show/model_sheets.h"

#include <algorithm>

#include <fmt/format.h>

#include "runner/tools/show/attention_cells.h"

namespace lafs {

namespace {

std::string file_name(const FedPicture& picture) { return std::filesystem::path(picture.file).filename().string(); }

std::string model_text(const ShownModel& model) { return fmt::format("{} at {}, step {}", model.plugin, model.part, model.step); }

std::vector<double> mean_of(const std::vector<std::vector<double>>& rows) {
  std::vector<double> mean(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) mean[i] += row[i] / static_cast<double>(rows.size());
  }
  return mean;
}

std::vector<Cell> map_cells(const AttentionNumbers& one, const AttentionCells& cells, int64_t zoom) {
  std::vector<Cell> maps{{zoomed(one.picture.image, zoom).image(), file_name(one.picture)}};
  for (const auto& head : one.heads) maps.push_back(cells.map(head));
  maps.push_back(cells.map(mean_of(one.heads)));
  maps.push_back(cells.map({one.rollout.begin() + 1, one.rollout.end()}));
  return maps;
}

std::vector<Cell> mask_cells(const AttentionNumbers& one, const AttentionCells& cells) {
  std::vector<Cell> masks{{{}, fmt::format("tokens with {:.3g} % of the mass", 100 * one.threshold)}};
  for (const auto& mask : one.head_masks) masks.push_back(cells.mask(mask));
  masks.push_back({{}, ""});
  masks.push_back(cells.mask(one.rollout_mask));
  return masks;
}

}  // namespace

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
    sheet.rows.push_back(map_cells(one, cells, zoom));
    if (!one.rollout_mask.empty()) sheet.rows.push_back(mask_cells(one, cells));
  }
  return sheet;
}

}  // namespace lafs
