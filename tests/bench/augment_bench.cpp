#include <benchmark/benchmark.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "imaging/canvas.h"
#include "imaging/decode.h"
#include "imaging/rand_augment_ops.h"
#include "lafs/augmentation.h"
#include "lafs/plain_views.h"
#include "support/front_door.h"

namespace {

/// Blocks of 8 pixels with noise on top: as busy as a face, the same everywhere.
lafs::Image busy_picture(int64_t side) {
  lafs::Rng rng(7);
  std::vector<uint8_t> blocks(static_cast<size_t>((side / 8 + 1) * (side / 8 + 1) * 3)), bytes;
  for (uint8_t& v : blocks) v = static_cast<uint8_t>(rng.integer(0, 192));
  for (int64_t y = 0; y < side; ++y) {
    for (int64_t i = 0; i < side * 3; ++i) {
      const int64_t block = ((y / 8) * (side / 8 + 1) + i / 24) * 3 + i % 3;
      bytes.push_back(static_cast<uint8_t>(blocks[static_cast<size_t>(block)] + rng.integer(0, 64)));
    }
  }
  return lafs::imaging::image_of(side, side, std::move(bytes));
}

/// Pictures in a second through a plugin, from 112 x 112.
void views(benchmark::State& state, const std::string& plugin, const std::string& options) {
  const auto augmentation = lafs::test::make<lafs::Augmentation>(plugin, options, lafs::InputContract());
  lafs::Sample sample;
  sample.image = busy_picture(112);
  lafs::PlainViews slots(augmentation->layout());
  uint64_t key = 0;
  for (auto _ : state) {
    lafs::Rng rng(++key);
    augmentation->views(sample, rng, slots);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(views, lafs_views, std::string("lafs_views"), std::string())->MinTime(1);
BENCHMARK_CAPTURE(views, dino_views, std::string("dino_views"), std::string())->MinTime(1);
BENCHMARK_CAPTURE(views, face_supervised, std::string("face_supervised"), std::string("randaugment = true"))->MinTime(1);
BENCHMARK_CAPTURE(views, flip_only, std::string("face_supervised"), std::string("preset = \"flip_only\""))->MinTime(1);

/// One operation on a canvas of 112 x 112.
template <typename Work>
void operation(benchmark::State& state, Work work) {
  const lafs::Image image = busy_picture(112);
  std::vector<uint8_t> bytes(static_cast<size_t>(image.size()));
  lafs::imaging::Canvas canvas;
  canvas.load(image);
  for (auto _ : state) {
    work(canvas, image, bytes);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
using Bytes = std::vector<uint8_t>;
BENCHMARK_CAPTURE(operation, crop_resize, [](lafs::imaging::Canvas& c, const lafs::Image& image, Bytes&) {
  c.crop_resize(image, {10, 7, 80, 95}, lafs::imaging::ResampleFilter::cubic, 112, 112);
});
BENCHMARK_CAPTURE(operation, load, [](lafs::imaging::Canvas& c, const lafs::Image& image, Bytes&) { c.load(image); });
BENCHMARK_CAPTURE(operation, store, [](lafs::imaging::Canvas& c, const lafs::Image&, Bytes& bytes) { c.store(bytes); });
BENCHMARK_CAPTURE(operation, brightness, [](lafs::imaging::Canvas& c, const lafs::Image&, Bytes&) { c.brightness(1.1); });
BENCHMARK_CAPTURE(operation, contrast, [](lafs::imaging::Canvas& c, const lafs::Image&, Bytes&) { c.contrast(1.1); });
BENCHMARK_CAPTURE(operation, saturation, [](lafs::imaging::Canvas& c, const lafs::Image&, Bytes&) { c.saturation(0.9); });
BENCHMARK_CAPTURE(operation, hue, [](lafs::imaging::Canvas& c, const lafs::Image&, Bytes&) { c.hue(0.07); });
BENCHMARK_CAPTURE(operation, grey, [](lafs::imaging::Canvas& c, const lafs::Image&, Bytes&) { c.grey(); });
BENCHMARK_CAPTURE(operation, blur, [](lafs::imaging::Canvas& c, const lafs::Image&, Bytes&) { c.blur(1.5); });
BENCHMARK_CAPTURE(operation, solarise, [](lafs::imaging::Canvas& c, const lafs::Image&, Bytes&) { c.solarise(); });

/// One operation of RandAugment at a level that is far from mild, on a canvas of 112 x 112; with bicubic, the dearer filter.
void rand_augment(benchmark::State& state, lafs::imaging::AugmentOp op) {
  const double argument = lafs::imaging::argument_of(op, 2, /*increasing=*/true, /*negative=*/false);
  const lafs::Image image = busy_picture(112);
  lafs::imaging::Canvas canvas;
  for (auto _ : state) {
    canvas.load(image);
    lafs::imaging::apply(canvas, op, argument, lafs::imaging::TransformFilter::bicubic);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
[[maybe_unused]] const int registered = [] {
  for (const auto& named : lafs::imaging::augment_ops()) {
    benchmark::RegisterBenchmark(("rand_augment/" + std::string(named.name)).c_str(), rand_augment, named.op);
  }
  return 0;
}();

}  // namespace
