#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>

namespace lafs::nn {

/// Throws Error `"tokens" has shape [2, 3], not 3 dimensions` unless the tensor has that many.
void check_dims(const at::Tensor& tensor, int64_t count, std::string_view name);

/// The sizes of an argument, checked: `const auto [b, n, d] = dims<3>(tokens, "tokens");`. Throws Error naming the argument.
template <size_t N>
std::array<int64_t, N> dims(const at::Tensor& tensor, std::string_view name) {
  check_dims(tensor, static_cast<int64_t>(N), name);
  std::array<int64_t, N> sizes{};
  for (size_t i = 0; i < N; ++i) sizes[i] = tensor.size(static_cast<int64_t>(i));
  return sizes;
}

}  // namespace lafs::nn
