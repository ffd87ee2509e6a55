#include "runner/tools/plan/number_text.h"

#include <cmath>

#include <fmt/format.h>

namespace lafs {

std::string count_text(int64_t count) {
  std::string text = fmt::format("{}", count);
  const size_t first = count < 0 ? 1 : 0;
  for (size_t place = text.size(); place > first + 3;) {
    place -= 3;
    text.insert(place, 1, ',');
  }
  return text;
}

std::string rate_text(double rate) {
  if (rate == 0 || !std::isfinite(rate) || std::abs(rate) >= 0.01) return fmt::format("{:.7g}", rate);
  int power = static_cast<int>(std::floor(std::log10(std::abs(rate))));
  std::string digits = fmt::format("{:.7g}", rate / std::pow(10.0, power));
  if (digits == "10" || digits == "-10") digits.pop_back(), ++power;
  return fmt::format("{}e{}", digits, power);
}

}  // namespace lafs
