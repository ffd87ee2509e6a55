#include "runner/tools/show/view_sheet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/data/epochs.h"
#include "kernel/model/assembly.h"
#include "kernel/ranks/device.h"
#include "kernel/ranks/solo_collective.h"
#include "kernel/run/batch_pictures.h"
#include "kernel/run/row_session.h"
#include "kernel/train/draws.h"
#include "kernel/train/null_reporter.h"
#include "kernel/train/trainer.h"
#include "lafs/patch_trace.h"
#include "nn/models/patch_gather.h"
#include "runner/tools/show/drawn_batch.h"
#include "runner/tools/show/pictures.h"

namespace lafs {

namespace {

constexpr int64_t readable_side = 112;

/// The patches of one view, upright, in the order of its tokens; places without a token are white.
Image patches_of(const PatchTrace& trace, int64_t row, const InputContract& input, int64_t zoom) {
  const int64_t p = trace.patch, n = trace.tokens.size(1);
  const auto side = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  at::Tensor tokens = trace.tokens[row].to(at::kCPU).view({n, p, p, Image::channels});
  if (trace.transposed) tokens = tokens.transpose(1, 2);
  tokens = at::cat({tokens.reshape({n, -1}), at::zeros({side * side - n, p * p * Image::channels}, tokens.options())});
  Sheet sheet = zoomed(picture_of(nn::mosaic(tokens.unsqueeze(0), p, Image::channels)[0], input), zoom);
  for (int64_t i = n; i < side * side; ++i) sheet.fill(i % side * p * zoom, i / side * p * zoom, p * zoom, p * zoom, paper);
  for (int64_t i = 1; i < side; ++i) {
    sheet.fill(i * p * zoom, 0, 1, sheet.height(), paper);
    sheet.fill(0, i * p * zoom, sheet.width(), 1, paper);
  }
  return sheet.image();
}

/// A clean view: a dot at each landmark, and from the landmark of each token a line to where the patch was cut.
void draw_trace(Sheet& sheet, const PatchTrace& trace, int64_t row, int64_t zoom) {
  const at::Tensor found = trace.found[row].to(at::kCPU, at::kDouble).contiguous(), places = trace.places[row].to(at::kCPU, at::kDouble);
  const int64_t landmarks = found.size(0), tokens = places.size(0);
  const auto at = [zoom](const at::Tensor& points, int64_t i) {
    return std::array<double, 2>{zoomed_place(points[i][0].item<double>(), zoom), zoomed_place(points[i][1].item<double>(), zoom)};
  };
  for (int64_t l = 0; l < landmarks; ++l) {
    const auto [x, y] = at(found, l);
    sheet.disc(x, y, 0.5, paper, 0.4);
  }
  for (int64_t t = 0; t < tokens; ++t) {
    const int64_t landmark = trace.chosen.defined() ? trace.chosen[row][t].item<int64_t>() : t;
    const Colour colour = heat(0.35 + 0.65 * static_cast<double>(landmark) / static_cast<double>(std::max<int64_t>(landmarks - 1, 1)));
    const auto [x0, y0] = at(found, landmark);
    const auto [x1, y1] = at(places, t);
    sheet.line(x0, y0, x1, y1, colour);
    sheet.disc(x1, y1, 1.2, colour, 0.5);
  }
}

void draw_landmarks(Sheet& sheet, const std::vector<float>& points, int64_t zoom) {
  for (size_t i = 0; i + 1 < points.size(); i += 2) {
    sheet.disc(zoomed_place(points[i], zoom), zoomed_place(points[i + 1], zoom), 1.5, {255, 190, 40}, 0.6);
  }
}

/// Draws the rows of one recipe, micro-batch after micro-batch.
class ViewSheet {
 public:
  ViewSheet(const Recipe& recipe, RecipeAssembly& assembly, const ViewRequest& request)
      : recipe_(recipe),
        source_(assembly.data()),
        augmentation_(assembly.augmentation()),
        layout_(augmentation_->layout()),
        sampler_(static_cast<uint64_t>(recipe.run.seed), source_->size(), recipe.run.batch) {
    int64_t widest = 1;
    for (const ViewGroup& group : layout_) widest = std::max(widest, group.width);
    zoom_ = zoom_for(widest, readable_side, request.zoom);
  }

  bool has_clean_views() const {
    return std::any_of(layout_.begin(), layout_.end(), [](const ViewGroup& group) { return group.name.ends_with("_clean"); });
  }
  void trace_with(Objective& objective) { tracer_ = dynamic_cast<TracesPatches*>(&objective); }

  ContactSheet draw(const ViewRequest& request) {
    const int64_t per_epoch = sampler_.batches_per_epoch(), batch = recipe_.run.batch;
    const int64_t all = std::min(request.pictures, per_epoch * batch);
    sheet_.headings.emplace_back("original");
    for (int64_t done = 0; done < all; done += batch) {
      draw_rows(request.epoch * per_epoch + done / batch, std::min(batch, all - done));
    }
    sheet_.subtitle = fmt::format("seed {}, epoch {}, pictures 1 to {} of {} in its order; augmentation {}", recipe_.run.seed,
                                  request.epoch, all, per_epoch * batch, recipe_.augmentation.name);
    return std::move(sheet_);
  }

 private:
  void draw_rows(int64_t micro, int64_t rows) {
    const DrawnBatch batch(*source_, *augmentation_, recipe_.input, sampler_, micro, rows);
    std::vector<PatchTrace> traces;
    if (tracer_) traces = traces_of(batch, micro);
    const bool first = sheet_.rows.empty();
    if (first) add_headings(traces);
    for (int64_t row = 0; row < rows; ++row) sheet_.rows.push_back(cells(batch, traces, row));
  }

  std::vector<PatchTrace> traces_of(const DrawnBatch& batch, int64_t micro) const {
    const at::Tensor positions = batch.positions();
    const int64_t accumulate = recipe_.run.accumulate;
    const auto draws = keyed_draws(static_cast<uint64_t>(recipe_.run.seed), micro / accumulate, micro % accumulate,
                                   {positions.data_ptr<int64_t>(), positions.data_ptr<int64_t>() + positions.numel()}, at::kCPU);
    SoloCollective alone;
    NullReporter unheard;
    Timeline time = Epochs(recipe_.run, source_->size()).timeline();
    time.index = micro / accumulate;
    time.epoch = sampler_.epoch_of(micro);
    return tracer_->patch_traces(batch, {time, micro % accumulate, accumulate, draws, alone, unheard});
  }

  void add_headings(const std::vector<PatchTrace>& traces) {
    for (const ViewGroup& group : layout_) sheet_.headings.insert(sheet_.headings.end(), static_cast<size_t>(group.count), group.name);
    for (const PatchTrace& trace : traces) {
      for (const ViewGroup& group : layout_) {
        if (group.name == trace.views)
          sheet_.headings.insert(sheet_.headings.end(), static_cast<size_t>(group.count), fmt::format("{} patches", group.name));
      }
    }
  }

  std::vector<Cell> cells(const DrawnBatch& batch, const std::vector<PatchTrace>& traces, int64_t row) const {
    const Sample& sample = batch.sample(row);
    std::vector<Cell> out{{zoomed(sample.image, zoom_for(sample.image.width, readable_side, 0)).image(), sample.key}};
    for (size_t g = 0; g < layout_.size(); ++g) {
      const auto trace = std::find_if(traces.begin(), traces.end(), [&](const PatchTrace& l) { return l.clean == layout_[g].name; });
      for (int64_t v = 0; v < layout_[g].count; ++v) {
        Sheet view = zoomed(batch.view(g, v, row), zoom_);
        if (trace != traces.end()) draw_trace(view, *trace, v * batch.size() + row, zoom_);
        draw_landmarks(view, batch.landmarks_of(g, v, row), zoom_);
        out.push_back({view.image(), ""});
      }
    }
    for (const PatchTrace& trace : traces) {
      for (int64_t r = row; r < trace.tokens.size(0); r += batch.size()) out.push_back({patches_of(trace, r, recipe_.input, zoom_), ""});
    }
    return out;
  }

  const Recipe& recipe_;
  std::shared_ptr<const DataSource> source_;
  std::shared_ptr<const Augmentation> augmentation_;
  ViewLayout layout_;
  Sampler sampler_;
  TracesPatches* tracer_ = nullptr;
  int64_t zoom_ = 1;
  ContactSheet sheet_;
};

}  // namespace

ContactSheet view_sheet(const Row& row, const Stage& stage, const ViewRequest& request,
                        const std::function<void(const std::string&)>& note) {
  const Recipe& recipe = stage.recipe;
  use_threads(recipe.run.threads);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::open, note);
  if (request.epoch >= assembly.epochs()) {
    throw Error(fmt::format("the run has {} epochs, numbered from 0; there is no epoch {}", assembly.epochs(), request.epoch));
  }
  ViewSheet sheet(recipe, assembly, request);
  std::optional<Trainer> trainer;
  if (sheet.has_clean_views()) {
    require_inputs(row, stage);
    trainer.emplace(recipe, assembly, at::kCPU);
    trainer->initialise(note);
    sheet.trace_with(trainer->objective());
  }
  ContactSheet drawn = sheet.draw(request);
  drawn.title = title_of(row, stage);
  return drawn;
}

}  // namespace lafs
