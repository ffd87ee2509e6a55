#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "lafs/error.h"

namespace lafs::imaging {

/// An option and whether the recipe gave it another value than its default.
struct GivenOption {
  std::string_view key;
  bool changed;
};

/// Throws Error "KEY, KEY have no effect WHERE; leave them out" for options that were changed though nothing uses them. `where` is, for
/// example, "without crop = true".
inline void refuse_idle(std::string_view where, std::initializer_list<GivenOption> options) {
  std::string keys;
  int count = 0;
  for (const GivenOption& option : options) {
    if (!option.changed) continue;
    keys += (count++ == 0 ? "" : ", ") + std::string(option.key);
  }
  if (count == 0) return;
  const std::string verb = count == 1 ? " has" : " have", them = count == 1 ? "it" : "them";
  throw Error(keys + verb + " no effect " + std::string(where) + "; leave " + them + " out");
}

}  // namespace lafs::imaging
