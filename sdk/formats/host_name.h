#pragma once
#include <unistd.h>

#include <array>
#include <string>

namespace lafs::formats {

/// Name of this machine; `unknown` where it has none. [any thread]
inline std::string host_name(const char* unknown) {
  std::array<char, 256> name{};
  const bool named = ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0';
  return named ? name.data() : unknown;
}

}  // namespace lafs::formats
