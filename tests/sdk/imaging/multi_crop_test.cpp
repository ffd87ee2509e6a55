#include "imaging/multi_crop.h"

#include <doctest/doctest.h>

#include <map>
#include <utility>
#include <vector>

#include "imaging/decode.h"
#include "lafs/error.h"
#include "support/error_of.h"

using namespace lafs;
using namespace lafs::imaging;

namespace {

using Bytes = std::vector<uint8_t>;
using Views = std::map<std::pair<bool, int64_t>, Bytes>;  ///< by kind and index

Image picture() {
  Bytes bytes;
  for (int i = 0; i < 40 * 50 * 3; ++i) bytes.push_back(static_cast<uint8_t>(i * i / 7));
  return image_of(40, 50, std::move(bytes));
}

MultiCrop::Store into(Views& views) {
  return [&views](bool local, int64_t index, const Canvas& canvas) {
    Bytes& bytes = views[{local, index}];
    bytes.resize(static_cast<size_t>(canvas.height() * canvas.width() * 3));
    canvas.store(bytes);
  };
}

Views coloured(const MultiCrop::Options& options) {
  Views views;
  Rng rng(3);
  MultiCrop(options, {32, 16}).make(picture(), rng, {}, into(views));
  return views;
}

}  // namespace

TEST_CASE("multi crop: views come in their sizes, global and local ones counted apart") {
  MultiCrop::Options options;
  options.local_views = 3;
  const Views views = coloured(options);
  CHECK(views.size() == 5);
  for (const auto& [view, bytes] : views) CHECK(bytes.size() == (view.first ? 16 * 16 * 3 : 32 * 32 * 3));
}

TEST_CASE("multi crop: a view does not depend on how many others there are") {
  MultiCrop::Options few, many;
  few.local_views = 1;
  many.local_views = 6;
  const Views of_few = coloured(few), of_many = coloured(many);
  for (const auto& [view, bytes] : of_few) CHECK(of_many.at(view) == bytes);
}

TEST_CASE("multi crop: without changes of colour the finished view is the crop") {
  MultiCrop::Options options;
  options.chain.jitter = options.chain.grey = options.local_blur = 0;
  options.global_blur = options.global_solarise = {0, 0};
  Views crops, finished;
  Rng rng(3);
  MultiCrop(options, {32, 16}).make(picture(), rng, into(crops), into(finished));
  CHECK(crops == finished);
  options.global_solarise = {1, 0};
  Views changed;
  Rng again(3);
  MultiCrop(options, {32, 16}).make(picture(), again, {}, into(changed));
  CHECK(changed.at({false, 0}) != crops.at({false, 0}));
  CHECK(changed.at({false, 1}) == crops.at({false, 1}));
}

TEST_CASE("multi crop: ranges and lists that do not fit are errors") {
  MultiCrop::Options options;
  options.local_scale = {0.4, 0.05};
  CHECK(test::error_of([&] { MultiCrop(options, {}); }) == "local_scale must be two numbers, the lower one first");
  options = {};
  options.global_blur = {1};
  CHECK(test::error_of([&] { MultiCrop(options, {}); }) == "global_blur has 1 numbers, not one for each of the 2 global views");
}
