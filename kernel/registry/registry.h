#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lafs/registrar.h"

namespace lafs {

/// A library that was opened, for the manifest.
struct LoadedLibrary {
  std::filesystem::path path;
  std::string build_id;                                      ///< the linker's, hex; empty if the linker wrote none
  std::vector<std::pair<std::string, std::string>> plugins;  ///< (kind, name)
};

struct RegistryEntry {
  Registration registration;
  std::filesystem::path library;
};

/// The plugins that were loaded, by kind and name. Libraries are never closed: their code, deleters and vtables may be used until the
/// process ends.
class Registry {
 public:
  /// Checks the file (a whole ELF shared library whose stamp equals ours: library_gate.h), opens it, and calls its entry function.
  /// Throws Error, which names the file; of a library that fails, nothing stays registered.
  void load(const std::filesystem::path& library);
  /// Every "*.so" of a folder in the order of names, and its name maps; a missing folder is an error.
  void load_folder(const std::filesystem::path& folder);

  const RegistryEntry* find(std::string_view kind, std::string_view name) const;
  std::vector<std::string> names(std::string_view kind) const;  ///< sorted
  /// Plugins of a kind with a capability (`Registration::capabilities`), sorted: what `suggest_capable` offers.
  std::vector<std::string> with_capability(std::string_view kind, std::string_view capability) const;
  std::vector<const RegistryEntry*> all() const;  ///< by kind in the order of `kinds()`, then name
  /// Name maps by name, the files `maps/*.toml` of the folders loaded (kernel/recipe/name_map.h).
  const std::map<std::string, std::filesystem::path>& maps() const { return maps_; }
  /// Throws Error `there is no name map "NAME"; did you mean ...`.
  const std::filesystem::path& map(const std::string& name) const;
  const std::vector<LoadedLibrary>& libraries() const { return libraries_; }

  static const std::vector<std::string>& kinds();  ///< the eight, in the order of a recipe

 private:
  std::map<std::pair<std::string, std::string>, RegistryEntry, std::less<>> entries_;
  std::vector<LoadedLibrary> libraries_;
  std::map<std::string, std::filesystem::path> maps_;
};

/// The folders that are searched: `lib/lafs/plugins` beside the program's bin folder, if it exists, then those of LAFS_PLUGIN_PATH (colon
/// separated), whether they exist or not.
std::vector<std::filesystem::path> plugin_folders(const std::filesystem::path& program);

}  // namespace lafs
