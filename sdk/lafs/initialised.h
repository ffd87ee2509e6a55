#pragma once
#include <string>
#include <vector>

namespace lafs {

/// How one parameter starts. After assembly the runner draws it from a stream keyed by (seed, qualified name, row),
/// so a value depends on nothing but its name.
struct InitRule {
  enum class Shape { constant, uniform, normal, truncated_normal, unit_rows };
  std::string parameter;  ///< own name within the module: "weight"
  Shape shape = Shape::constant;
  /// constant: `a`. uniform: [a, b). normal: mean a, std b. truncated_normal: mean a, std b, cut at a +- 2 (absolute, as the reference). unit_rows: U(-1,1) rows of length 1.
  double a = 0, b = 0;
};

/// Every module with own parameters offers this: one rule per own parameter. Constructors draw nothing.
class Initialised {
 public:
  virtual ~Initialised() = default;
  virtual std::vector<InitRule> init_rules() const = 0;
};

}  // namespace lafs
