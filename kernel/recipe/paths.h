#pragma once
#include <filesystem>
#include <string>

#include "kernel/recipe/document.h"

namespace lafs {

/// The roots that `[paths]` of a document gives. `data_root` is the default of "data". Roots may begin with other roots.
Roots read_roots(const Node& document, const std::string& data_root, Diagnostics& diagnostics);

/// A path relative to the folder of its node, or to the root that "@name/rest" names. "@data/..." stays as it is while the data root is
/// unknown, so that a recipe can be checked where there is no data.
std::string resolve_path(const Node& node, const Roots& roots, Diagnostics& diagnostics);

/// A sentence for a path that no TOML file, such as the resolved recipe, can hold; empty for one in UTF-8.
std::string encoding_fault(const std::string& path);

/// Why the path is not that of a file to read, for a folder with the recipes in it; empty for a file.
std::string file_fault(const std::filesystem::path& path);

}  // namespace lafs
