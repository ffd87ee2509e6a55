#pragma once
#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace lafs {

/// Prints to standard error. What cannot be printed is lost: a full disk under a log ends no training.
template <typename... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
  const std::string out = fmt::format(text, std::forward<Args>(args)...);
  std::fwrite(out.data(), 1, out.size(), stderr);
}

}  // namespace lafs
