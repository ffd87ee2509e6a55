#pragma once
/// What a test compares of a refusal.
#include <string>

#include "lafs/error.h"

namespace lafs::test {

/// The text of the Error that `action` throws; empty when it throws none.
inline std::string error_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace lafs::test
