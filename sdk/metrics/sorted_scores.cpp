#include "metrics/sorted_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs::metrics {
namespace {

constexpr int64_t scores_a_part = int64_t{1} << 17;
constexpr size_t bucket_size = size_t{1} << 13;  // numbers of an even bucket: a part of the first-level cache

/// Equal parts of the range of the numbers, the largest in bucket 0. A larger number never has a later bucket.
class Buckets {
 public:
  Buckets(double low, double high, size_t count) : high_(high), scale_(static_cast<double>(count) / (high - low)), count_(count) {}
  size_t of(double value) const { return std::min(static_cast<size_t>((high_ - value) * scale_), count_ - 1); }
  size_t count() const { return count_; }

 private:
  double high_, scale_;
  size_t count_;
};

struct PartRange {
  double low = 0, high = 0;
};

PartRange range_of(const std::vector<double>& values, int64_t threads) {
  std::vector<PartRange> parts(static_cast<size_t>((std::ssize(values) + scores_a_part - 1) / scores_a_part));
  for_blocks(0, std::ssize(values), scores_a_part, threads, [&](int64_t begin, int64_t end) {
    const auto [low, high] = std::minmax_element(values.begin() + begin, values.begin() + end);
    parts[static_cast<size_t>(begin / scores_a_part)] = {*low, *high};
  });
  PartRange all = parts[0];
  for (const PartRange& part : parts) all = {std::min(all.low, part.low), std::max(all.high, part.high)};
  return all;
}

/// Numbers moved into buckets; returns where each bucket begins, and the end. Parts count first, so that each knows where its numbers go.
std::vector<size_t> scatter(const std::vector<double>& from, const Buckets& buckets, std::vector<double>& to, int64_t threads) {
  const auto parts = static_cast<size_t>((std::ssize(from) + scores_a_part - 1) / scores_a_part);
  std::vector<size_t> at(parts * buckets.count());
  const auto over = [&](const auto& each) {
    for_blocks(0, std::ssize(from), scores_a_part, threads, [&](int64_t begin, int64_t end) {
      size_t* const row = at.data() + static_cast<size_t>(begin / scores_a_part) * buckets.count();
      for (int64_t i = begin; i < end; ++i) each(row, from[static_cast<size_t>(i)]);
    });
  };
  over([&](size_t* row, double value) { ++row[buckets.of(value)]; });
  std::vector<size_t> begin;
  size_t sum = 0;
  for (size_t b = 0; b < buckets.count(); ++b) {
    begin.push_back(sum);
    for (size_t p = 0; p < parts; ++p) sum += std::exchange(at[p * buckets.count() + b], sum);
  }
  begin.push_back(sum);
  over([&](size_t* row, double value) { to[row[buckets.of(value)]++] = value; });
  return begin;
}

void insertion_sort(std::span<double> values) {
  for (size_t i = 1; i < values.size(); ++i) {
    const double value = values[i];
    size_t to = i;
    for (; to > 0 && values[to - 1] < value; --to) values[to] = values[to - 1];
    values[to] = value;
  }
}

/// One bucket: again into buckets of a few, after which every number is near its place.
void sort_bucket(std::span<double> values, std::vector<double>& spare, std::vector<uint32_t>& starts) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const size_t count = values.size() / 2;
  if (values.size() < 64 || values.size() > 16 * bucket_size || !std::isfinite(static_cast<double>(count) / (*high - *low)))
    return std::sort(values.begin(), values.end(), std::greater<>());
  const Buckets buckets(*low, *high, count);
  starts.assign(count + 1, 0);
  for (const double value : values) ++starts[buckets.of(value) + 1];
  for (size_t b = 1; b <= count; ++b) starts[b] += starts[b - 1];
  spare.assign(values.begin(), values.end());
  for (const double value : spare) values[starts[buckets.of(value)]++] = value;
  // Each start is now the end of its bucket. A bucket of many would make insertion slow.
  for (size_t b = 0, begin = 0; b < count; begin = starts[b++])
    if (starts[b] - begin > 32) std::sort(values.begin() + static_cast<int64_t>(begin), values.begin() + starts[b], std::greater<>());
  insertion_sort(values);
}

/// Scores of one kind in their order: the parts count first, so that each knows where its scores go.
std::vector<double> of_kind(std::span<const double> scores, std::span<const uint8_t> genuine, bool kind, int64_t threads) {
  std::vector<size_t> at(static_cast<size_t>((std::ssize(scores) + scores_a_part - 1) / scores_a_part) + 1);
  for_blocks(0, std::ssize(scores), scores_a_part, threads, [&](int64_t begin, int64_t end) {
    size_t count = 0;
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) count += (genuine[i] != 0) == kind ? 1 : 0;
    at[static_cast<size_t>(begin / scores_a_part) + 1] = count;
  });
  std::partial_sum(at.begin(), at.end(), at.begin());
  std::vector<double> out(at.back());
  for_blocks(0, std::ssize(scores), scores_a_part, threads, [&](int64_t begin, int64_t end) {
    size_t to = at[static_cast<size_t>(begin / scores_a_part)];
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
      if ((genuine[i] != 0) == kind) out[to++] = scores[i];
  });
  return out;
}

}  // namespace

void sort_descending(std::vector<double>& values, int64_t threads) {
  const size_t count = values.size() / bucket_size;
  const PartRange range = values.empty() ? PartRange() : range_of(values, threads);
  const double scale = static_cast<double>(count) / (range.high - range.low);
  if (count < 2 || !(range.high > range.low) || !std::isfinite(range.high - range.low) || !std::isfinite(scale)) {
    std::sort(values.begin(), values.end(), std::greater<>());
    return;
  }
  std::vector<double> sorted(values.size());
  const std::vector<size_t> begin = scatter(values, Buckets(range.low, range.high, count), sorted, threads);
  for_blocks(0, static_cast<int64_t>(count), 8, threads, [&](int64_t first, int64_t past) {
    std::vector<double> spare;
    std::vector<uint32_t> starts;
    for (auto b = static_cast<size_t>(first); b < static_cast<size_t>(past); ++b)
      if (begin[b + 1] > begin[b]) sort_bucket(std::span(sorted).subspan(begin[b], begin[b + 1] - begin[b]), spare, starts);
  });
  values.swap(sorted);
}

void check_scores(std::span<const double> scores, std::span<const uint8_t> genuine) {
  if (scores.size() != genuine.size()) throw Error(fmt::format("{} scores have {} labels", scores.size(), genuine.size()));
  const auto nan = std::find_if(scores.begin(), scores.end(), [](double score) { return std::isnan(score); });
  if (nan != scores.end()) throw Error(fmt::format("score {} is not a number", nan - scores.begin()));
  const auto impostors = std::count(genuine.begin(), genuine.end(), 0);
  if (impostors == std::ssize(genuine)) throw Error("a curve needs genuine comparisons, and there are none");
  if (impostors == 0) throw Error("a curve needs impostor comparisons, and there are none");
}

SortedScores sorted_scores(std::span<const double> scores, std::span<const uint8_t> genuine, int64_t threads) {
  check_scores(scores, genuine);
  SortedScores out{of_kind(scores, genuine, true, threads), of_kind(scores, genuine, false, threads)};
  sort_descending(out.genuine, threads);
  sort_descending(out.impostors, threads);
  return out;
}

}  // namespace lafs::metrics
