#pragma once
#include <algorithm>
#include <string>

namespace lafs {

/// The name of an evaluator as that of a file, without ending: every file system takes it. Two evaluators may share one.
inline std::string evaluator_file_name(std::string evaluator) {
  std::replace_if(evaluator.begin(), evaluator.end(), [](char c) { return c == '/' || c == '\0'; }, '_');
  return evaluator;
}

}  // namespace lafs
