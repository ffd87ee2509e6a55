#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/registry/registry.h"

namespace lafs {

/// The file with a plugin's class for PyTorch, `python/KIND_NAME.py` beside its library; empty where it has none. What such a file
/// promises is in docs/write_a_plugin.md.
std::filesystem::path python_class(const RegistryEntry& entry);

/// Names of the plugins of a kind that have one, sorted.
std::vector<std::string> with_python_class(const Registry& registry, std::string_view kind);

}  // namespace lafs
