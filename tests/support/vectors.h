#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
namespace lafs::test {
/// The folder of golden vectors: LAFS_VECTORS_DIR, else the copy in the tree.
inline std::filesystem::path vectors_folder() {
  const char* given = std::getenv("LAFS_VECTORS_DIR");
  return given ? std::filesystem::path(given) : std::filesystem::path(LAFS_TEST_GOLDEN) / "vectors";
}
/// A file that belongs to the vectors: beside the JSON, or in its folder `files`.
inline std::filesystem::path vector_file(const std::string& name) {
  const auto folder = vectors_folder();
  const auto inner = folder / "files" / name;
  return std::filesystem::exists(inner) ? inner : folder / name;
}
inline nlohmann::json read_vectors(const std::string& name) { return nlohmann::json::parse(std::ifstream(vectors_folder() / name)); }
}  // namespace lafs::test
