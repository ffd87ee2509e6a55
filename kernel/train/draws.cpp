#include "kernel/train/draws.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include <ATen/Parallel.h>

#include "lafs/rng.h"

namespace lafs {

namespace {

int64_t numbers_in(const Draws::Shape& shape) {
  int64_t n = 1;
  for (const int64_t d : shape) n *= d;
  return n;
}

double unit(uint32_t bits) { return static_cast<double>(bits) * 0x1p-32; }

/// Philox words as a function of (base key, row key, counter): no order of calls enters.
class KeyedDraws final : public Draws {
 public:
  KeyedDraws(uint64_t base, std::vector<uint64_t> rows, at::Device device) : base_(base), rows_(std::move(rows)), device_(device) {}

  int64_t rows() const override { return static_cast<int64_t>(rows_.size()); }

  at::Tensor uniform(std::string_view stream, const Shape& shape) const override {
    return filled<float, 4>(stream, shape, at::kFloat, [](const auto& words, float* out, int64_t count) {
      // 24 bits: the largest value stays below 1 in float.
      for (int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(words[static_cast<size_t>(i)] >> 8) * 0x1p-24f;
    });
  }

  at::Tensor normal(std::string_view stream, const Shape& shape) const override {
    return filled<float, 4>(stream, shape, at::kFloat, [](const auto& words, float* out, int64_t count) {
      for (size_t pair = 0; pair < 2; ++pair) {  // Box-Muller: two of two
        const double radius = std::sqrt(-2 * std::log1p(-unit(words[2 * pair])));
        const double angle = 2 * std::numbers::pi * unit(words[2 * pair + 1]);
        const auto at = static_cast<int64_t>(2 * pair);
        if (at < count) out[at] = static_cast<float>(radius * std::cos(angle));
        if (at + 1 < count) out[at + 1] = static_cast<float>(radius * std::sin(angle));
      }
    });
  }

  at::Tensor integers(std::string_view stream, int64_t below, const Shape& shape) const override {
    // The remainder of 64 bits: the bias is below 2^-40 for any `below` that fits 24 bits.
    return filled<int64_t, 2>(stream, shape, at::kLong, [below](const auto& words, int64_t* out, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        const auto at = static_cast<size_t>(2 * i);
        const uint64_t word = (static_cast<uint64_t>(words[at]) << 32) | words[at + 1];
        out[i] = static_cast<int64_t>(word % static_cast<uint64_t>(below));
      }
    });
  }

  at::Tensor permutations(std::string_view stream, int64_t size) const override {
    at::Tensor out = at::empty({rows(), size}, at::kLong);
    const uint64_t key = fold(base_, key_of(stream));
    at::parallel_for(0, rows(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        int64_t* row = out.data_ptr<int64_t>() + r * size;
        for (int64_t i = 0; i < size; ++i) row[i] = i;
        Rng(fold(key, rows_[static_cast<size_t>(r)])).shuffle({row, static_cast<size_t>(size)});
      }
    });
    return out.to(device_);
  }

  at::Tensor keep_mask(std::string_view stream, double keep, const Shape& shape) const override {
    const auto threshold = static_cast<uint32_t>(std::lround(keep * 0x1p16));  // 16 bits a mask element: eight from one block
    const auto kept = static_cast<float>(1 / keep);
    return filled<float, 8>(stream, shape, at::kFloat, [threshold, kept](const auto& words, float* out, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        const uint32_t half = (words[static_cast<size_t>(i >> 1)] >> (16 * (i & 1))) & 0xffffu;
        out[i] = half < threshold ? kept : 0.0f;
      }
    });
  }

  std::vector<uint64_t> row_keys(std::string_view stream) const override {
    const uint64_t key = fold(base_, key_of(stream));
    std::vector<uint64_t> keys;
    keys.reserve(rows_.size());
    for (const uint64_t row : rows_) keys.push_back(fold(key, row));
    return keys;
  }

  uint64_t batch_key(std::string_view stream) const override { return fold(base_, key_of(stream)); }

  std::shared_ptr<const Draws> scope(std::string_view name) const override {
    return std::make_shared<KeyedDraws>(fold(base_, key_of(name)), rows_, device_);
  }

  std::shared_ptr<const Draws> views(int64_t count, int64_t first) const override {
    std::vector<uint64_t> rows;
    rows.reserve(rows_.size() * static_cast<size_t>(count));
    for (int64_t v = first; v < first + count; ++v) {
      // View 0 of these rows is the rows themselves, so that one view and the plain pass agree.
      for (const uint64_t row : rows_) rows.push_back(v == 0 ? row : fold(row, static_cast<uint64_t>(v)));
    }
    return std::make_shared<KeyedDraws>(base_, std::move(rows), device_);
  }

 private:
  /// [R, shape...]; `write` turns one block of four words into up to `PerBlock` numbers.
  template <typename T, int64_t PerBlock, typename Write>
  at::Tensor filled(std::string_view stream, const Shape& shape, at::ScalarType type, Write write) const {
    std::vector<int64_t> sizes{rows()};
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    at::Tensor out = at::empty(sizes, type);
    const int64_t numbers = numbers_in(shape), blocks = (numbers + PerBlock - 1) / PerBlock;
    const uint64_t key = fold(base_, key_of(stream));
    T* data = out.data_ptr<T>();
    at::parallel_for(0, rows() * blocks, 4096, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t row = task / blocks, block = task % blocks;
        const auto words = philox(fold(key, rows_[static_cast<size_t>(row)]), static_cast<uint64_t>(block));
        write(words, data + row * numbers + block * PerBlock, std::min(PerBlock, numbers - block * PerBlock));
      }
    });
    return out.to(device_);
  }

  uint64_t base_;
  std::vector<uint64_t> rows_;
  at::Device device_;
};

}  // namespace

std::shared_ptr<const Draws> keyed_draws(uint64_t seed, int64_t step, int64_t micro_batch, std::vector<int64_t> positions,
                                         at::Device device) {
  uint64_t base = fold(seed, key_of("draws"));
  base = fold(fold(base, static_cast<uint64_t>(step)), static_cast<uint64_t>(micro_batch));
  std::vector<uint64_t> rows;
  rows.reserve(positions.size());
  for (const int64_t position : positions) rows.push_back(fold(key_of("row"), static_cast<uint64_t>(position)));
  return std::make_shared<KeyedDraws>(base, std::move(rows), device);
}

}  // namespace lafs
