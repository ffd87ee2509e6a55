#pragma once
#include <cstdint>
#include <string>

namespace lafs {

/// With commas: 119,997.
std::string count_text(int64_t count);

/// Seven digits at most, small numbers with a power of ten: 2.291288e-3, 0.1, 0.
std::string rate_text(double rate);

}  // namespace lafs
