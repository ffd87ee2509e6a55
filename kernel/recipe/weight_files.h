#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lafs {

/// The files that a path given as weights stands for.
struct WeightFiles {
  std::filesystem::path named;               ///< the file itself, or the index that names its parts
  std::vector<std::filesystem::path> parts;  ///< files that hold tensors, one or more; `named`, where there is no index
  std::map<std::string, size_t> holder;      ///< place in `parts` by the name of a tensor, where an index says so
};

/// A file stands for itself, unless it is an index as Hugging Face writes it (a ".json" with a "weight_map"). A folder stands for what a
/// program of Hugging Face would open in it (model.safetensors, pytorch_model.bin, or the index of one), or for the only file of weights or
/// the only complete set of parts ("x-00001-of-00003.safetensors") in it. Nothing for a path that is not there, and for a folder without
/// such files or of a checkpoint or run. Opens no file but an index. Throws Error for an index that is malformed or names what is not
/// there, and for a folder with several files of weights. [any thread]
std::optional<WeightFiles> weight_files(const std::filesystem::path& path);

/// Number and count of a part by its name, {1, 2} of "model-00001-of-00002.safetensors"; nothing for another name.
std::optional<std::pair<size_t, size_t>> part_number(const std::filesystem::path& file);

}  // namespace lafs
