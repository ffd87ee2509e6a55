#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace lafs {

/// A number somebody published of a method of their own.
struct OtherValue {
  std::string metric;     ///< as an evaluator names it: "tar@nearest_far=0.0001"
  std::string evaluator;  ///< what the name of the evaluator begins with: "IJB-C" stands for "IJB-C, published scaling" too; empty: any
  double value = 0;       ///< in the unit of the metric; shares in [0, 1]
  std::string position;   ///< "file:line:column"
};

/// The numbers of one method, to stand below measured ones.
struct OtherMethod {
  std::string method, backbone, training_set;
  std::string source;  ///< where they are printed
  std::vector<OtherValue> values;

  std::string name() const;  ///< "AdaFace, R100, WebFace4M"
};

/// Reads a file of published values, a table each:
///
///     [[published]]
///     method = "AdaFace"
///     backbone = "R100"
///     training_set = "WebFace4M"
///     evaluator = "IJB-C"
///     metric = "tar@nearest_far=0.0001"
///     value = 0.9739
///     source = "README of mk-minchul/AdaFace"
///
/// Values that differ in metric and evaluator only belong to one method. Throws RecipeError with every mistake.
std::vector<OtherMethod> read_published(const std::filesystem::path& file);

}  // namespace lafs
