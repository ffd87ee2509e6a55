#pragma once
#include <string_view>
#include <utility>

#include "lafs/metrics.h"

namespace lafs {

/// Units as results.json and tables write them.
inline constexpr std::pair<Unit, std::string_view> unit_texts[] = {
    {Unit::none, ""}, {Unit::share, "share"}, {Unit::percent, "%"}, {Unit::pixels, "pixels"}, {Unit::seconds, "s"}};

constexpr std::string_view unit_text(Unit unit) {
  for (const auto& [known, text] : unit_texts) {
    if (known == unit) return text;
  }
  return "";
}

/// Which values are better, as results.json writes it; of others nothing is written.
constexpr std::string_view better_text(Better better) {
  return better == Better::larger ? "larger" : better == Better::smaller ? "smaller" : "";
}
constexpr Better better_named(std::string_view text) {
  return text == "larger" ? Better::larger : text == "smaller" ? Better::smaller : Better::unknown;
}

/// What a value is multiplied by where people read it: shares are shown in percent.
constexpr double shown_scale(Unit unit) { return unit == Unit::share ? 100 : 1; }

/// Digits behind the point where people read a value.
constexpr int shown_digits(Unit unit) { return unit == Unit::share || unit == Unit::percent ? 2 : 4; }

/// The way back; `Unit::none` for a text of no unit.
constexpr Unit unit_named(std::string_view text) {
  for (const auto& [unit, known] : unit_texts) {
    if (known == text) return unit;
  }
  return Unit::none;
}

}  // namespace lafs
