#include "kernel/evaluate/named_features.h"

#include <fmt/format.h>

#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

FeatureMatrix NamedFeatures::of(std::string_view request) const {
  if (const auto found = matrices.find(request); found != matrices.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& entry : matrices) names.push_back(entry.first);
  throw Error(fmt::format("no feature request is named \"{}\"{}", request, suggestion(request, names)));
}

}  // namespace lafs
