#include "kernel/data/copies.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "kernel/data/alike_prints.h"
#include "kernel/data/same_picture.h"
#include "lafs/parallel.h"

namespace lafs {

namespace {

constexpr float like_prints = 0.75;

/// Which pictures are joined by copies found so far.
class Joined {
 public:
  explicit Joined(size_t size) : parents_(size) { std::iota(parents_.begin(), parents_.end(), 0); }
  uint32_t root(uint32_t of) {
    while (parents_[of] != of) of = parents_[of] = parents_[parents_[of]];
    return of;
  }
  /// False where they were joined before.
  bool join(uint32_t a, uint32_t b) {
    const uint32_t x = root(a), y = root(b);
    parents_[std::max(x, y)] = std::min(x, y);
    return x != y;
  }

 private:
  std::vector<uint32_t> parents_;
};

class CopyFinder {
 public:
  CopyFinder(const DataSource& source, CopySearch& search)
      : source_(source), search_(search), own_(static_cast<uint32_t>(source.size())), joined_(search.prints.size()) {}

  Copies find() {
    const std::vector<uint32_t> different = take_exact();
    if (!go_on(0, 0)) return stopped();
    const AlikePrints alike = alike_prints(search_.prints, different, own_, like_prints, [&] { return go_on(0, 0); });
    copies_.dropped = alike.dropped;
    constexpr size_t block = 256;
    for (size_t done = 0; done < alike.pairs.size(); done += block) {
      if (!go_on(static_cast<int64_t>(done), static_cast<int64_t>(alike.pairs.size()))) return stopped();
      take(std::span(alike.pairs).subspan(done, std::min(block, alike.pairs.size() - done)));
    }
    if (!go_on(static_cast<int64_t>(alike.pairs.size()), static_cast<int64_t>(alike.pairs.size()))) return stopped();
    for (auto* pairs : {&copies_.within, &copies_.across, &copies_.other}) sort(*pairs);
    return std::move(copies_);
  }

 private:
  bool go_on(int64_t done, int64_t total) const { return search_.go_on(done, total); }
  Copies stopped() {
    copies_.stopped = true;
    return std::move(copies_);
  }

  static void sort(std::vector<CopyPair>& pairs) {
    std::sort(pairs.begin(), pairs.end(), [](const CopyPair& a, const CopyPair& b) {
      return std::tuple(!a.exact, -a.agreement, a.first, a.second) < std::tuple(!b.exact, -b.agreement, b.first, b.second);
    });
  }

  void add(uint32_t first, uint32_t second, double agreement, bool exact) {
    const bool beyond = second >= own_;
    auto& pairs = beyond ? copies_.other : source_.identity(first) == source_.identity(second) ? copies_.within : copies_.across;
    pairs.push_back({first, beyond ? second - own_ : second, agreement, exact});
  }

  /// Lists pictures of equal pixels. Returns the first of each in each source, which stand for the others; plain ones are not compared any
  /// further.
  std::vector<uint32_t> take_exact() {
    std::vector<std::pair<uint64_t, uint32_t>> by_pixels;
    for (uint32_t i = 0; i < search_.prints.size(); ++i) {
      if (search_.whole[i]) by_pixels.emplace_back(search_.prints[i].pixels, i);
    }
    std::sort(by_pixels.begin(), by_pixels.end());
    std::vector<uint32_t> different;
    for (size_t begin = 0, end = 0; begin < by_pixels.size(); begin = end) {
      while (end < by_pixels.size() && by_pixels[end].first == by_pixels[begin].first) ++end;
      const auto group = std::span(by_pixels).subspan(begin, end - begin);
      const auto beyond = take_group(group);
      if (search_.prints[group.front().second].plain()) continue;
      different.push_back(group.front().second);
      if (beyond && *beyond != group.front().second) different.push_back(*beyond);
    }
    std::sort(different.begin(), different.end());
    return different;
  }

  /// Pictures of equal pixels, ascending: each with the first of its identity, the first of each identity with the very first. Returns the
  /// first of them in the other source.
  std::optional<uint32_t> take_group(std::span<const std::pair<uint64_t, uint32_t>> group) {
    std::vector<std::pair<int64_t, uint32_t>> firsts;  // by identity
    const uint32_t very_first = group.front().second;
    const auto beyond = std::find_if(group.begin(), group.end(), [&](const auto& one) { return one.second >= own_; });
    for (auto one = group.begin(); one != beyond; ++one) {
      const auto known = std::lower_bound(firsts.begin(), firsts.end(), std::pair<int64_t, uint32_t>(source_.identity(one->second), 0));
      const bool new_identity = known == firsts.end() || known->first != source_.identity(one->second);
      if (one != group.begin()) add(new_identity ? very_first : known->second, one->second, 1, true);
      if (new_identity) firsts.insert(known, {source_.identity(one->second), one->second});
      if (beyond != group.end()) add(one->second, beyond->second, 1, true);
      joined_.join(very_first, one->second);
    }
    if (beyond == group.end()) return std::nullopt;
    if (beyond != group.begin()) in_other_.insert(very_first);
    return beyond->second;
  }

  Image picture(uint32_t index) const { return index < own_ ? source_.get(index).image : search_.other->get(index - own_).image; }

  bool is_wanted(const AlikePair& pair) {
    if (pair.second >= own_) return !in_other_.contains(pair.first);
    return joined_.root(pair.first) != joined_.root(pair.second);
  }

  /// Some pairs, compared on all threads, and then taken in their order.
  void take(std::span<const AlikePair> pairs) {
    std::vector<AlikePair> wanted;
    for (const AlikePair& pair : pairs) {
      if (is_wanted(pair)) wanted.push_back(pair);
    }
    std::vector<double> agreements(wanted.size());
    for_blocks(0, static_cast<int64_t>(wanted.size()), 1, search_.threads, [&](int64_t n, int64_t) {
      const AlikePair& pair = wanted[static_cast<size_t>(n)];
      agreements[static_cast<size_t>(n)] = photograph_agreement(picture(pair.first), picture(pair.second));
    });
    for (size_t n = 0; n < wanted.size(); ++n) {
      const auto& [first, second, similarity] = wanted[n];
      if (agreements[n] < same_photograph || !is_wanted(wanted[n])) continue;
      add(first, second, agreements[n], false);
      if (second >= own_) {
        in_other_.insert(first);
      } else {
        joined_.join(first, second);
      }
    }
  }

  const DataSource& source_;
  CopySearch& search_;
  const uint32_t own_;
  Joined joined_;
  std::set<uint32_t> in_other_;
  Copies copies_;
};

}  // namespace

Copies find_copies(const DataSource& source, CopySearch& search) { return CopyFinder(source, search).find(); }

}  // namespace lafs
