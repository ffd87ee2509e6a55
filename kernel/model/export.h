#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/registry/registry.h"

namespace lafs {

struct ExportRequest {
  std::filesystem::path checkpoint;  ///< run or checkpoint folder, or a file with our names
  std::filesystem::path out;         ///< its ending is the format: ".pth", ".pt" or ".safetensors"
  std::string map;                   ///< name of the name map that is run backwards
};

struct ExportedWeights {
  std::filesystem::path file;  ///< that was read
  size_t tensors = 0;          ///< of that file
  std::vector<std::string> left_out;
};

/// Writes weights under another program's names. Throws Error when the map has a name for none of them. [main thread]
ExportedWeights export_weights(const ExportRequest& request, const Registry& registry);

}  // namespace lafs
