#include "metrics/paired_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lafs/error.h"

namespace lafs::metrics {

double mcnemar_exact(int64_t only_first, int64_t only_second) {
  const int64_t n = only_first + only_second, fewer = std::min(only_first, only_second);
  if (2 * fewer >= n) return 1;
  const auto log_of = [](int64_t k) { return std::lgamma(static_cast<double>(k) + 1); };
  double tail = 0;
  for (int64_t k = 0; k <= fewer; ++k) tail += std::exp(log_of(n) - log_of(k) - log_of(n - k) - static_cast<double>(n) * std::log(2.0));
  return std::min(1.0, 2 * tail);
}

PairedDifference paired_difference(std::span<const uint8_t> first, std::span<const uint8_t> second, const People& people,
                                   const Resampling& how) {
  if (first.size() != second.size()) throw Error(fmt::format("one model has {} pairs, the other {}", first.size(), second.size()));
  PairedDifference out;
  std::vector<double> differences;
  for (size_t i = 0; i < first.size(); ++i) {
    differences.push_back((first[i] ? 1.0 : 0.0) - (second[i] ? 1.0 : 0.0));
    out.only_first += first[i] && !second[i] ? 1 : 0;
    out.only_second += !first[i] && second[i] ? 1 : 0;
  }
  out.difference = static_cast<double>(out.only_first - out.only_second) / static_cast<double>(std::max<size_t>(first.size(), 1));
  out.interval = interval_of(resampled_means(differences, people, how));
  out.p = mcnemar_exact(out.only_first, out.only_second);
  return out;
}

}  // namespace lafs::metrics
