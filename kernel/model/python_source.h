#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lafs {

/// The module that `lafs export --python` writes, as one file: what loads and embeds, with the class `Backbone` of `class_file` in it.
/// A line `from PART import ...` in that file is replaced by the file PART.py of its folder, where there is one, and so on; each part is
/// taken once. Other imports go to the top. The docstring at the start of the class's file becomes a comment, those of parts are left out.
/// `marks` are words of the module's text and what stands in their place. Throws Error for a file that cannot be read.
std::string python_source(const std::filesystem::path& class_file, const std::vector<std::pair<std::string, std::string>>& marks);

}  // namespace lafs
