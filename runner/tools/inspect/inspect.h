#pragma once
#include <filesystem>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

/// What is in a file of weights or faces, or in the folder of a checkpoint or run: tensors with types, shapes and bytes, and other values.
/// Verifies hashes and checksums. Throws Error naming the file.
nlohmann::json inspect(const std::filesystem::path& path);

/// To standard output, a line for each tensor.
void print_inspected(const nlohmann::json& facts);

}  // namespace lafs
