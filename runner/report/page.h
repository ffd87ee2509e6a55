#pragma once
#include <filesystem>
#include <string>

namespace lafs {

/// The name of a folder, also of one given as "." or with a slash at its end.
std::string folder_name(const std::filesystem::path& folder);

/// report.html of a folder, written whole or not at all: one page without outside parts, in the style of all reports. `body` is HTML.
/// Throws Error when it cannot be written.
void write_page(const std::filesystem::path& folder, const std::string& title, const std::string& body);

}  // namespace lafs
