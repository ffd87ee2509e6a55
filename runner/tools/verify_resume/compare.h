#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lafs {

/// Two checkpoints tensor by tensor: what was seen, and a line for each difference ("backbone.norm.weight: from byte 8 on").
struct Comparison {
  int64_t tensors = 0, bytes = 0;
  std::vector<std::string> different;
};

/// Compares weights and optimizer state of two checkpoint folders byte for byte. Throws Error for a file that cannot be read.
Comparison compare_checkpoints(const std::filesystem::path& first, const std::filesystem::path& second);

}  // namespace lafs
