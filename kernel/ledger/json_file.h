#pragma once
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

namespace lafs {

/// What a JSON file holds; discarded (`is_discarded()`) where it is absent or no valid JSON. For files that may be another program's, or
/// cut: whoever needs the file says what is wrong with it. Never throws.
inline nlohmann::json json_or_nothing(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
}

/// The string under a key; empty where there is none.
inline std::string text_under(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace lafs
