#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/options.h"

namespace lafs {

/// The hash of a file's content, as 32 hex digits: the same file has it wherever it lies. Throws Error for one that cannot be read.
std::string hash_of_file(const std::filesystem::path& file);

/// Fills in the identity of every `[[init]]` that has none and names a file, or several by their index or folder: the hash of their
/// content, so that weights are recognised wherever they are. Reads the files whole. Throws Error for one that cannot be read.
void identify_weights(std::vector<InitEntry>& init);

}  // namespace lafs
