#pragma once
#include <optional>
#include <string>

#include <c10/core/ScalarType.h>

namespace lafs {

/// The type that safetensors calls `dtype` ("F32"); nothing for a name that torch has no type for. [any thread]
std::optional<at::ScalarType> scalar_type_named(const std::string& dtype);

/// The way back. Throws Error for a type that cannot be saved. [any thread]
std::string scalar_type_text(at::ScalarType type);

}  // namespace lafs
