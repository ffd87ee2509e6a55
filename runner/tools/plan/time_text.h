#pragma once
#include <string>

namespace lafs {

/// Hours and minutes; days where there are many.
std::string time_text(double seconds);

}  // namespace lafs
