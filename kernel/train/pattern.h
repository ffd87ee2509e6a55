#pragma once
#include <string>

#include <ATen/core/Tensor.h>

namespace lafs {

/// Whether a pattern of the recipe chooses a parameter: a glob on its qualified name, or "rank<=1", "rank>=2" on its shape. `where` is the
/// option, for the error of a rank that is not a whole number.
bool chooses(const std::string& pattern, const std::string& name, const at::Tensor& parameter, const std::string& where);

}  // namespace lafs
