#include <vector>

#include <doctest/doctest.h>

#include "buffer.h"
#include "lafs/error.h"

using lafs::test::augmentation;
using lafs::test::gradient;
using lafs::test::view;

TEST_CASE("none: a picture of the contract's size is handed on byte for byte") {
  const auto none = augmentation("none", "");
  CHECK(none->layout() == lafs::ViewLayout{{"image", 1, 112, 112, false}});
  const lafs::Sample sample = gradient(112, 112);
  const auto out = view(*none, sample, 1);
  CHECK(out.bytes == std::vector<uint8_t>(sample.image.bytes.get(), sample.image.bytes.get() + sample.image.size()));
}

TEST_CASE("none: another size is resized, and landmarks move with it") {
  const auto none = augmentation("none", "landmarks = true");
  lafs::Sample sample = gradient(56, 28);
  sample.landmarks = {-0.5f, -0.5f, 13.5f, 27.5f};
  const auto out = view(*none, sample, 1);
  CHECK(out.points == std::vector<float>{-0.5f, -0.5f, 55.5f, 55.5f});
  sample.landmarks.clear();
  try {
    view(*none, sample, 1);
    FAIL("landmarks were absent");
  } catch (const lafs::Error& error) {
    CHECK(std::string(error.what()) == "\"gradient\" has no landmarks; set landmarks = false");
  }
}
