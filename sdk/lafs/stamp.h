#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "lafs/build.h"  // generated: LAFS_SDK_HASH, LAFS_TORCH_VERSION

namespace lafs {

/// What must be equal between a plugin and the program that loads it. Plain data: it is read from the file's
/// section `.lafs_stamp`, before any code of the library can run.
struct Stamp {
  std::array<char, 8> magic;
  std::array<char, 24> sdk;  ///< hash of the sdk headers
  std::array<char, 64> compiler;
  std::array<char, 24> torch;
  int64_t language;  ///< __cplusplus
  int32_t cxx11_abi, debug_containers;
};

constexpr std::array<char, 8> stamp_magic{'L', 'A', 'F', 'S', 'P', 'L', 'G', '1'};

namespace detail {
template <size_t N, size_t M>
constexpr std::array<char, N> padded(const char (&text)[M]) {
  std::array<char, N> out{};
  for (size_t i = 0; i + 1 < M && i + 1 < N; ++i) out[i] = text[i];
  return out;
}
}  // namespace detail

constexpr Stamp this_build() {
#if defined(__clang__)
  constexpr auto compiler = detail::padded<64>("clang " __clang_version__);
#else
  constexpr auto compiler = detail::padded<64>("g++ " __VERSION__);
#endif
#if defined(_GLIBCXX_DEBUG)
  constexpr int32_t debug = 1;
#else
  constexpr int32_t debug = 0;
#endif
  return {
      stamp_magic, detail::padded<24>(LAFS_SDK_HASH), compiler, detail::padded<24>(LAFS_TORCH_VERSION), __cplusplus, _GLIBCXX_USE_CXX11_ABI,
      debug};
}

}  // namespace lafs
