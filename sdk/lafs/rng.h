#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace lafs {

/// 64-bit key of a name (FNV-1a): the same on every machine and in every build.
constexpr uint64_t key_of(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

/// One more key folded into another (the finaliser of SplitMix64): order matters, no two small integers collide.
constexpr uint64_t fold(uint64_t key, uint64_t more) {
  uint64_t z = key + 0x9e3779b97f4a7c15u + more * 0xd1342543de82ef95u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// Counter-based numbers (Philox4x32-10, Salmon et al. 2011): a value is a function of key and counter alone.
/// Four words of 32 bits for counter `index` under `key`. [any thread]
std::array<uint32_t, 4> philox(uint64_t key, uint64_t index);

/// A sequence of draws under one key. Copies continue independently. One object per thread. [one thread at a time]
class Rng {
 public:
  explicit Rng(uint64_t key) : key_(key) {}

  /// A sequence of its own, independent of how much was drawn from this one.
  Rng fork(uint64_t more) const { return Rng(fold(key_, more)); }
  uint64_t key() const { return key_; }

  uint32_t bits();                                 ///< 32 uniform bits
  double uniform();                                ///< [0, 1), 53 bits
  double uniform(double low, double high);         ///< [low, high)
  int64_t integer(int64_t low, int64_t high);      ///< low <= result < high, without bias; high > low
  bool coin(double probability);                   ///< true with that probability
  double normal(double mean = 0, double std = 1);  ///< Box-Muller
  double gamma(double shape);                      ///< Marsaglia-Tsang; shape > 0
  double beta(double a, double b);                 ///< from two gammas
  void shuffle(std::span<int64_t> items);          ///< Fisher-Yates

 private:
  uint64_t key_, counter_ = 0;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

/// A keyed bijection of [0, size): the order of an epoch without an index vector.
/// Balanced Feistel network over the next even power of two, with cycle walking. [any thread]
class Permutation {
 public:
  Permutation(int64_t size, uint64_t key);
  int64_t size() const { return size_; }
  int64_t operator()(int64_t position) const;  ///< 0 <= position < size

 private:
  int64_t size_;
  uint64_t key_;
  int half_bits_;
};

}  // namespace lafs
