#include "kernel/registry/python_class.h"

namespace lafs {

namespace fs = std::filesystem;

fs::path python_class(const RegistryEntry& entry) {
  const Registration& plugin = entry.registration;
  const fs::path file = entry.library.parent_path() / "python" / (plugin.kind + "_" + plugin.name + ".py");
  std::error_code unknown;
  return fs::is_regular_file(file, unknown) ? file : fs::path();
}

std::vector<std::string> with_python_class(const Registry& registry, std::string_view kind) {
  std::vector<std::string> names;
  for (const std::string& name : registry.names(kind)) {
    if (!python_class(*registry.find(kind, name)).empty()) names.push_back(name);
  }
  return names;
}

}  // namespace lafs
