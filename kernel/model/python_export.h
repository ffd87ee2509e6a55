#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "kernel/registry/registry.h"

namespace lafs {

struct PythonExportRequest {
  std::filesystem::path checkpoint;  ///< run or checkpoint folder, as `find_model` takes it
  std::string stage;                 ///< of a row's folder
  std::filesystem::path folder;      ///< to write
  bool replace = false;              ///< the files of an earlier export
};

struct PythonExport {
  std::filesystem::path checkpoint;  ///< that was read
  std::string backbone;
  size_t tensors = 0;
  int64_t embed_dim = 0;
};

/// Writes a trained encoder for PyTorch: model.safetensors, config.json (backbone and options), input.json (the input contract), and
/// model.py, which has the backbone's class and loads them. Throws Error for a backbone without such a class, naming those that have one,
/// and for a folder that holds anything, unless `replace`. [main thread]
///
///     export_python({.checkpoint = "runs/first", .folder = "exported"}, registry);
PythonExport export_python(const PythonExportRequest& request, const Registry& registry);

}  // namespace lafs
