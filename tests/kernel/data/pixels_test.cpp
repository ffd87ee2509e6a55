#include "kernel/data/pixels.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "lafs/error.h"
#include "lafs/rng.h"
#include "support/vector_units.h"

namespace lafs {
namespace {

at::Tensor every_byte() { return at::arange(2 * 8 * 48 * 3).remainder(256).to(at::kByte).view({2, 8, 48, 3}); }

at::Tensor plain(const at::Tensor& bytes, const InputContract& input) {
  const auto row = [](const std::array<double, 3>& v) { return at::tensor(at::ArrayRef<double>(v)).to(at::kFloat).view({3, 1, 1}); };
  at::Tensor planes = bytes.movedim(-1, -3).to(at::kFloat);
  if (input.colour == "bgr") planes = planes.flip({-3});
  return ((planes / 255 - row(input.mean)) / row(input.std)).contiguous();
}

InputContract imagenet(const std::string& colour) {
  InputContract input;
  input.colour = colour;
  input.mean = {0.485, 0.456, 0.406};
  input.std = {0.229, 0.224, 0.225};
  return input;
}

TEST_CASE("pixels: the fused pass has the bits of the plain expression") {
  for (const std::string colour : {"rgb", "bgr"}) {
    const InputContract input = imagenet(colour);
    test::on_every_unit([&] {
      const at::Tensor out = to_network(every_byte(), input, at::kCPU);
      CHECK(out.sizes() == at::IntArrayRef({2, 3, 8, 48}));
      CHECK(out.is_contiguous());
      CHECK(at::equal(out, plain(every_byte(), input)));
    });
  }
}

TEST_CASE("pixels: each byte has the bits of the plain expression, whatever the mean and deviation") {
  const at::Tensor bytes = at::arange(256).to(at::kByte).view({16, 16, 1}).expand({16, 16, 3}).contiguous();
  Rng rng(3);
  for (int trial = 0; trial < 300; ++trial) {
    InputContract input;
    for (size_t c = 0; c < 3; ++c) {
      input.mean[c] = rng.uniform(-1, 2);
      input.std[c] = std::exp(rng.uniform(std::log(1e-6), std::log(255.0)));
    }
    const at::Tensor expected = plain(bytes, input);
    test::on_every_unit([&] { CHECK(at::equal(to_network(bytes, input, at::kCPU), expected)); });
  }
}

TEST_CASE("pixels: views of bytes and further leading axes are taken as they are") {
  const InputContract input = imagenet("rgb");
  const at::Tensor turned = every_byte().transpose(1, 2);
  CHECK(at::equal(to_network(turned, input, at::kCPU), plain(turned, input)));
  CHECK(to_network(every_byte().view({2, 1, 8, 48, 3}), input, at::kCPU).sizes() == at::IntArrayRef({2, 1, 3, 8, 48}));
  CHECK(to_network(every_byte()[0], input, at::kCPU).sizes() == at::IntArrayRef({3, 8, 48}));
}

TEST_CASE("pixels: bgr puts blue first, with blue's mean") {
  InputContract input = imagenet("bgr");
  input.mean = {0, 0.5, 1};
  input.std = {1, 1, 1};
  const at::Tensor out = to_network(at::tensor(at::ArrayRef<int64_t>({255, 0, 51})).to(at::kByte).view({1, 1, 3}), input, at::kCPU);
  CHECK(at::equal(out.flatten(), at::tensor(at::ArrayRef<float>({0.2f, -0.5f, 0.0f}))));
}

TEST_CASE("pixels: another type or shape is an error with both") {
  CHECK_THROWS_WITH_AS(to_network(at::zeros({4, 4, 3}), {}, at::kCPU), "pictures must be uint8 [...,H,W,3], not Float [4,4,3]", Error);
  CHECK_THROWS_WITH_AS(to_network(at::zeros({3, 4, 4}, at::kByte), {}, at::kCPU), "pictures must be uint8 [...,H,W,3], not Byte [3,4,4]",
                       Error);
}

TEST_CASE("pixels: a mirror reverses columns") {
  CHECK(at::equal(mirrored(at::arange(6).view({1, 2, 3})), at::tensor(at::ArrayRef<int64_t>({2, 1, 0, 5, 4, 3})).view({1, 2, 3})));
}

TEST_CASE("pixels: a picture of the contract's size keeps its bytes, another is resized") {
  InputContract input;
  input.height = 8;
  input.width = 16;
  const std::shared_ptr<uint8_t> bytes(new uint8_t[8 * 16 * 3], std::default_delete<uint8_t[]>());
  std::fill_n(bytes.get(), 8 * 16 * 3, uint8_t{77});
  CHECK(fitted({8, 16, bytes}, input).bytes == bytes);
  for (const std::string how : {"bilinear", "bicubic"}) {
    input.interpolation = how;
    const Image out = fitted({16, 8, bytes}, input);
    CHECK(out.height == 8);
    CHECK(out.width == 16);
    CHECK(std::all_of(out.bytes.get(), out.bytes.get() + out.size(), [](uint8_t v) { return v == 77; }));
  }
}

TEST_CASE("pixels: a shift moves the picture, and what is left behind is black") {
  InputContract input;
  input.height = 5;
  input.width = 7;
  const std::shared_ptr<uint8_t> bytes(new uint8_t[5 * 7 * 3], std::default_delete<uint8_t[]>());
  for (int i = 0; i < 5 * 7 * 3; ++i) bytes.get()[i] = static_cast<uint8_t>(1 + i);
  for (const auto& [right, down] :
       std::vector<std::pair<int64_t, int64_t>>{{2, 0}, {-3, 1}, {0, -4}, {6, 4}, {7, 0}, {-9, 2}, {1, 5}, {2, -80}}) {
    CAPTURE(right);
    CAPTURE(down);
    input.shift = {right, down};
    const Image out = fitted({5, 7, bytes}, input);
    for (int64_t y = 0; y < 5; ++y) {
      for (int64_t x = 0; x < 7; ++x) {
        const int64_t from_y = y - down, from_x = x - right;
        const bool inside = from_y >= 0 && from_y < 5 && from_x >= 0 && from_x < 7;
        for (int64_t c = 0; c < 3; ++c) CHECK(out.row(y)[x * 3 + c] == (inside ? bytes.get()[(from_y * 7 + from_x) * 3 + c] : 0));
      }
    }
  }
}

}  // namespace
}  // namespace lafs
