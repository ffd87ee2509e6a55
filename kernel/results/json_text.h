#pragma once
#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

/// For people and files: two spaces deep; a name of a file that is not UTF-8 is printed as near as can be.
std::string json_text(const nlohmann::json& json);

/// A file of it, one space deep, written whole or not at all. Throws Error when it cannot be written.
void write_json(const std::filesystem::path& file, const nlohmann::json& json);

}  // namespace lafs
