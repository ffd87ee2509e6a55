#include "kernel/data/alike_prints.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <span>

#include "lafs/rng.h"

namespace lafs {

namespace {

constexpr size_t numbers = PicturePrint::side * PicturePrint::side;
constexpr float unit = 254;  ///< of a stored number of a vector of length 1

/// The share of a frequency that a print stores the root of.
float share_of(int8_t stored) {
  const float root = static_cast<float>(stored) / 127;
  return std::copysign(root * root, root);
}

struct Spread {
  std::array<float, numbers> mean{}, deviation{};
};

/// Mean and deviation over the set. Few pictures say little about it: 32 more are assumed, which are natural pictures of any kind.
Spread spread_of(const std::vector<PicturePrint>& prints, const std::vector<uint32_t>& chosen) {
  constexpr double assumed = 32;
  std::array<double, numbers> sum{}, squares{};
  for (const uint32_t index : chosen) {
    for (size_t i = 0; i < numbers; ++i) {
      const double share = share_of(prints[index].shades[i]);
      sum[i] += share;
      squares[i] += share * share;
    }
  }
  Spread spread;
  const double n = static_cast<double>(chosen.size()) + assumed;
  for (size_t i = 1; i < numbers; ++i) {
    const double frequency = std::hypot(static_cast<double>(i / PicturePrint::side), static_cast<double>(i % PicturePrint::side));
    const double usual = 0.4 / frequency, mean = sum[i] / n;
    spread.mean[i] = static_cast<float>(mean);
    spread.deviation[i] = static_cast<float>(std::sqrt(std::max(1e-8, (squares[i] + assumed * usual * usual) / n - mean * mean)));
  }
  return spread;
}

/// Replaces a print by its deviations from the mean, as a vector of length 1.
void standardise(PicturePrint& print, const Spread& spread) {
  std::array<float, numbers> z{};
  float square = 1e-12f;
  for (size_t i = 1; i < numbers; ++i) {
    z[i] = (share_of(print.shades[i]) - spread.mean[i]) / spread.deviation[i];
    square += z[i] * z[i];
  }
  const float scale = unit / std::sqrt(square);
  for (size_t i = 0; i < numbers; ++i) print.shades[i] = static_cast<int8_t>(std::lround(std::clamp(scale * z[i], -127.f, 127.f)));
}

float similarity(const PicturePrint& a, const PicturePrint& b) {
  int32_t sum = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < numbers; ++i) {
    sum += a.shades[i] * b.shades[i];
    aa += a.shades[i] * a.shades[i];
    bb += b.shades[i] * b.shades[i];
  }
  return aa == 0 || bb == 0 ? 0 : static_cast<float>(sum / std::sqrt(static_cast<double>(aa) * bb));
}

/// A picture under a key of signs. A picture is also filed under the keys that differ from its own in one of its least certain signs.
struct Filed {
  uint32_t key = 0, index = 0;  ///< the highest bit of `key` is not used
  bool own() const { return (key & 1) == 0; }
};

void file_print(const PicturePrint& print, uint32_t index, std::span<const int64_t> signs, std::vector<Filed>& out) {
  constexpr size_t flips = 2;
  uint32_t key = 0;
  std::array<std::pair<int, uint32_t>, flips> uncertain{};
  uncertain.fill({1000, 0});
  for (size_t bit = 0; bit < signs.size(); ++bit) {
    const int shade = print.shades[static_cast<size_t>(signs[bit])];
    const uint32_t mask = 2u << bit;
    if (shade >= 0) key |= mask;
    std::pair<int, uint32_t> one(std::abs(shade), mask);
    for (auto& other : uncertain) {
      if (one < other) std::swap(one, other);
    }
  }
  out.push_back({key, index});
  for (const auto& [certainty, mask] : uncertain) {
    if (mask != 0) out.push_back({(key ^ mask) | 1, index});
  }
}

/// Compares what is filed under the same key, and keeps the most similar pairs.
class Search {
 public:
  Search(const std::vector<PicturePrint>& prints, size_t chosen, uint32_t first_only, float least)
      : prints_(prints), most_(2 * chosen + 10'000), first_only_(first_only), least_(least) {}

  void compare(std::span<const Filed> group) {
    constexpr size_t reach = 4096;  // thousands of pictures of equal signs are not all compared with each other
    for (size_t a = 0; a < group.size(); ++a) {
      for (size_t b = a + 1; b < std::min(group.size(), a + reach); ++b) {
        const auto [first, second] = std::minmax(group[a].index, group[b].index);
        if (first == second || first >= first_only_ || (!group[a].own() && !group[b].own())) continue;
        const float alike = similarity(prints_[first], prints_[second]);
        if (alike >= least_) add({first, second, alike});
      }
    }
  }

  AlikePrints done() {
    settle();
    return {std::move(pairs_), dropped_};
  }

 private:
  void add(const AlikePair& pair) {
    pairs_.push_back(pair);
    if (pairs_.size() < 2 * most_) return;
    settle();
    if (pairs_.size() == most_) least_ = std::max(least_, pairs_.back().similarity);
  }

  /// Each pair once, the most similar ones.
  void settle() {
    const auto by_place = [](const AlikePair& a, const AlikePair& b) {
      return std::pair(a.first, a.second) < std::pair(b.first, b.second);
    };
    const auto same = [](const AlikePair& a, const AlikePair& b) { return a.first == b.first && a.second == b.second; };
    std::sort(pairs_.begin(), pairs_.end(), by_place);
    pairs_.erase(std::unique(pairs_.begin(), pairs_.end(), same), pairs_.end());
    std::stable_sort(pairs_.begin(), pairs_.end(), [](const AlikePair& a, const AlikePair& b) { return a.similarity > b.similarity; });
    if (pairs_.size() <= most_) return;
    dropped_ += static_cast<int64_t>(pairs_.size() - most_);
    pairs_.resize(most_);
  }

  const std::vector<PicturePrint>& prints_;
  size_t most_;
  uint32_t first_only_;
  float least_;
  std::vector<AlikePair> pairs_;
  int64_t dropped_ = 0;
};

}  // namespace

AlikePrints alike_prints(std::vector<PicturePrint>& prints, const std::vector<uint32_t>& chosen, uint32_t first_only, float least,
                         const std::function<bool()>& go_on) {
  constexpr int64_t choices = 12, pictures_a_key = 16;
  const Spread spread = spread_of(prints, chosen);
  for (const uint32_t index : chosen) standardise(prints[index], spread);
  Search search(prints, chosen.size(), first_only, least);
  const size_t signs = static_cast<size_t>(std::bit_width(chosen.size() / pictures_a_key));
  std::vector<Filed> filed;
  filed.reserve(3 * chosen.size());
  for (int64_t choice = 0; choice < choices && go_on(); ++choice) {
    std::array<int64_t, numbers - 1> order{};
    std::iota(order.begin(), order.end(), 1);
    Rng(key_of("alike_prints")).fork(static_cast<uint64_t>(choice)).shuffle(order);
    filed.clear();
    for (const uint32_t index : chosen) file_print(prints[index], index, std::span(order).first(signs), filed);
    std::sort(filed.begin(), filed.end(),
              [](const Filed& a, const Filed& b) { return std::pair(a.key >> 1, a.index) < std::pair(b.key >> 1, b.index); });
    for (size_t begin = 0, end = 0; begin < filed.size() && go_on(); begin = end) {
      while (end < filed.size() && filed[end].key >> 1 == filed[begin].key >> 1) ++end;
      search.compare(std::span(filed).subspan(begin, end - begin));
    }
    if (signs == 0) break;  // everything was compared with everything
  }
  return search.done();
}

}  // namespace lafs
