#include "lafs/rng.h"

#include <cmath>
#include <numbers>

#include <Random123/philox.h>

namespace lafs {

std::array<uint32_t, 4> philox(uint64_t key, uint64_t index) {
  const r123::Philox4x32::ctr_type counter{{static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0, 0}};
  const r123::Philox4x32::key_type words{{static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)}};
  const auto out = r123::Philox4x32()(counter, words);
  return {out[0], out[1], out[2], out[3]};
}

uint32_t Rng::bits() {
  if (used_ == 4) {
    block_ = philox(key_, counter_++);
    used_ = 0;
  }
  return block_[static_cast<size_t>(used_++)];
}

double Rng::uniform() {
  const uint64_t high = bits() >> 5, low = bits() >> 6;  // 27 and 26 bits
  return static_cast<double>((high << 26) | low) * 0x1p-53;
}

double Rng::uniform(double low, double high) { return low + (high - low) * uniform(); }

int64_t Rng::integer(int64_t low, int64_t high) {
  const uint64_t range = static_cast<uint64_t>(high - low);
  const uint64_t limit = UINT64_MAX - UINT64_MAX % range;  // above it the remainders are not equally likely
  uint64_t word;
  do {
    word = (static_cast<uint64_t>(bits()) << 32) | bits();
  } while (word >= limit);
  return low + static_cast<int64_t>(word % range);
}

bool Rng::coin(double probability) { return uniform() < probability; }

double Rng::normal(double mean, double std) {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return mean + std * radius * std::cos(2 * std::numbers::pi * uniform());
}

double Rng::gamma(double shape) {
  if (shape < 1) {  // Marsaglia and Tsang 2000, section 6
    const double boost = std::pow(1 - uniform(), 1 / shape);
    return gamma(shape + 1) * boost;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = normal(), v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(1 - uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double Rng::beta(double a, double b) {
  const double x = gamma(a), y = gamma(b);
  return x + y > 0 ? x / (x + y) : 0.5;
}

void Rng::shuffle(std::span<int64_t> items) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[static_cast<size_t>(integer(0, static_cast<int64_t>(i)))]);
}

Permutation::Permutation(int64_t size, uint64_t key) : size_(size), key_(key), half_bits_(1) {
  while ((int64_t{1} << (2 * half_bits_)) < size) ++half_bits_;
}

int64_t Permutation::operator()(int64_t position) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t value = static_cast<uint64_t>(position);
  do {
    uint64_t left = value >> half_bits_, right = value & mask;
    for (uint64_t round = 0; round < 6; ++round) {
      const uint64_t mixed = left ^ (fold(fold(key_, round), right) & mask);
      left = right;
      right = mixed;
    }
    value = (left << half_bits_) | right;
  } while (value >= static_cast<uint64_t>(size_));  // cycle walking: at most four tries on average
  return static_cast<int64_t>(value);
}

}  // namespace lafs
