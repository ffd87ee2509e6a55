#include "kernel/model/scalar_types.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace {

const std::vector<std::pair<at::ScalarType, std::string>>& type_names() {
  static const std::vector<std::pair<at::ScalarType, std::string>> names{
      {at::kFloat, "F32"}, {at::kDouble, "F64"}, {at::kHalf, "F16"}, {at::kBFloat16, "BF16"}, {at::kLong, "I64"},
      {at::kInt, "I32"},   {at::kShort, "I16"},  {at::kChar, "I8"},  {at::kByte, "U8"},       {at::kBool, "BOOL"}};
  return names;
}

}  // namespace

std::optional<at::ScalarType> scalar_type_named(const std::string& dtype) {
  for (const auto& [scalar, name] : type_names()) {
    if (name == dtype) return scalar;
  }
  return std::nullopt;
}

std::string scalar_type_text(at::ScalarType type) {
  for (const auto& [scalar, name] : type_names()) {
    if (scalar == type) return name;
  }
  throw Error(fmt::format("tensors of type {} cannot be saved", c10::toString(type)));
}

}  // namespace lafs
