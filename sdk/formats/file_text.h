#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace lafs::formats {

/// The bytes of a small file, for example of a recipe; nothing for one that cannot be opened.
///
///     const std::string recipe = formats::file_text(run / "recipe.toml").value_or("");
inline std::optional<std::string> file_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace lafs::formats
