#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/evaluator.h"

namespace lafs {

/// Features by the names of their requests.
class NamedFeatures final : public Features {
 public:
  FeatureMatrix of(std::string_view request) const override;

  std::map<std::string, FeatureMatrix, std::less<>> matrices;
  std::vector<std::shared_ptr<const void>> owners;  ///< of what the matrices view
};

}  // namespace lafs
