#pragma once
#include <exception>
#include <string>

namespace lafs {

/// What an exception says, without the native backtrace that torch puts behind its sentence.
inline std::string sentence_of(const std::exception& error) {
  const std::string what = error.what();
  return what.substr(0, what.find("\nException raised from "));
}

}  // namespace lafs
