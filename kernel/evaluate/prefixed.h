#pragma once
#include <exception>
#include <string>

#include "lafs/error.h"

namespace lafs {

/// Does `work`; an error without a place of its own begins with `prefix`, as "PREFIX: error". An empty prefix changes nothing.
template <typename Work>
auto prefixed(const std::string& prefix, const Work& work) {
  if (prefix.empty()) return work();
  try {
    return work();
  } catch (const PlacedError&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(prefix + ": " + sentence_of(error));
  }
}

}  // namespace lafs
