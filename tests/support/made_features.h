#pragma once
/// Features made from what is asked for, and what tests look up in metrics.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/rng.h"

namespace lafs::test {

/// Features of requests: `of(request, index)` is the row of a picture, its mirror apart.
class MadeFeatures final : public Features {
 public:
  using Row = std::function<std::vector<float>(const FeatureRequest& request, int64_t index, bool mirror)>;

  MadeFeatures(const std::vector<FeatureRequest>& requests, const Row& row) {
    for (const FeatureRequest& request : requests) {
      Matrix& matrix = matrices[request.name];
      const int64_t count = request.indices ? static_cast<int64_t>(request.indices->size()) : request.source->size();
      for (int64_t r = 0; r < count; ++r) {
        const int64_t index = request.indices ? (*request.indices)[static_cast<size_t>(r)] : r;
        for (int copy = 0; copy < (request.flip == "both" ? 2 : 1); ++copy) {
          const std::vector<float> one = row(request, index, copy == 1);
          matrix.values.insert(matrix.values.end(), one.begin(), one.end());
        }
      }
      matrix.rows = count;
    }
  }

  FeatureMatrix of(std::string_view request) const override {
    const auto found = matrices.find(request);
    if (found == matrices.end()) throw Error("nobody asked for \"" + std::string(request) + "\"");
    const auto& [values, rows] = found->second;
    return {values, rows, static_cast<int64_t>(values.size()) / rows};
  }

  struct Matrix {
    std::vector<float> values;
    int64_t rows = 0;
  };
  std::map<std::string, Matrix, std::less<>> matrices;
};

/// A direction for each identity, and a little of another for each picture: `spread` 0 is perfect.
inline MadeFeatures::Row people_rows(double spread, int64_t width = 16) {
  return [=](const FeatureRequest& request, int64_t index, bool mirror) {
    Rng person(fold(7, static_cast<uint64_t>(request.source->identity(index)))),
        picture(fold(key_of(request.name), static_cast<uint64_t>(2 * index + mirror)));
    std::vector<float> row;
    for (int64_t k = 0; k < width; ++k) row.push_back(static_cast<float>(person.normal() + spread * picture.normal()));
    return row;
  };
}

inline const Metric& metric(const Metrics& metrics, std::string_view name) {
  const auto found = std::find_if(metrics.values.begin(), metrics.values.end(), [&](const Metric& m) { return m.full_name() == name; });
  REQUIRE(found != metrics.values.end());
  return *found;
}

inline std::vector<std::string> names_of(const Metrics& metrics) {
  std::vector<std::string> names;
  for (const Metric& one : metrics.values) names.push_back(one.full_name());
  return names;
}

}  // namespace lafs::test
