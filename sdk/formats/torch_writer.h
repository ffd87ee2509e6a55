#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "formats/safetensors.h"

namespace lafs::formats {

/// One ordered dict of tensors in a `.pth` file.
struct TorchDict {
  std::string key;  ///< in the dict around it; empty, and the only one: the file is this dict itself
  std::vector<TensorBytes> tensors;
};

/// Writes what `torch.load(FILE, weights_only=True)` reads as a dict of tensors, or as a dict of such dicts: the zip form, pickle protocol
/// 2, ZIP64 where it is needed (data-formats 6.1). The file appears whole or not at all. Throws Error for a name used twice, an unknown
/// type, a size that does not fit, or a full disk.
void write_torch(const std::filesystem::path& file, const std::vector<TorchDict>& dicts);

}  // namespace lafs::formats
