#pragma once
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

namespace lafs {

/// What a value must satisfy. A number, every number of a list, or `from` and `to` of a Schedule lies in [low, high].
///
///     p("width", width, in(1, 4096), "columns of the token");
///     p("init", init, one_of({"zeros", "normal"}).needed(), "first values; the recipe must say which");
struct Rule {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices;  ///< for strings; empty: any
  bool required = false;
  bool output = false;  ///< for paths: the plugin writes there, so nothing needs to be there before

  /// The same rule for an option that the recipe must give.
  Rule needed() const {
    Rule rule = *this;
    rule.required = true;
    return rule;
  }
};

/// Numbers in [low, high], ends included.
inline Rule in(double low, double high) {
  Rule rule;
  rule.low = low;
  rule.high = high;
  return rule;
}
/// Numbers from `low` on.
inline Rule at_least(double low) { return in(low, std::numeric_limits<double>::infinity()); }
/// One of these words.
inline Rule one_of(std::initializer_list<std::string> choices) {
  Rule rule;
  rule.choices = choices;
  return rule;
}
/// A path that the plugin writes to.
inline Rule output_path() {
  Rule rule;
  rule.output = true;
  return rule;
}
/// Any value, but the recipe must give one.
inline Rule needed() { return Rule().needed(); }

}  // namespace lafs
