#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace lafs {

/// How one parameter starts. After assembly the runner draws it from a stream keyed by (seed, qualified name, row),
/// so a value depends on nothing but its name.
struct InitRule {
  enum class Shape { constant, uniform, normal, truncated_normal, unit_rows };
  std::string parameter;  ///< own name within the module: "weight"
  Shape shape = Shape::constant;
  /// constant: `a`. uniform: [a, b). normal: mean a, std b. truncated_normal: mean a, std b, cut at a +- 2 (absolute, as the reference).
  /// unit_rows: U(-1,1) rows of length 1.
  double a = 0, b = 0;
};

/// Every module with own parameters offers this: one rule per own parameter. Constructors draw nothing.
class Initialised {
 public:
  virtual ~Initialised() = default;
  virtual std::vector<InitRule> init_rules() const = 0;
};

/// A parameter of which every rank holds its own slice: it is not averaged over ranks, its norm is added up over them,
/// it is initialised by its rows in the whole, and saved as one tensor.
struct Shard {
  std::string parameter;  ///< own name within the module
  int64_t dimension = 0;  ///< that is cut
  int64_t offset = 0;     ///< of this rank's slice
  int64_t total = 0;      ///< size of that dimension in the whole
};

/// Every module with such parameters offers this beside `Initialised`. No plugin in this tree uses it yet.
class Sharded {
 public:
  virtual ~Sharded() = default;
  virtual std::vector<Shard> shards() const = 0;
};

}  // namespace lafs
