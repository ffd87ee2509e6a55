#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "kernel/registry/registry.h"

namespace lafs {

/// A sheet of the pictures that ranked lists of results name.
struct ShowHardest {
  std::filesystem::path results;  ///< run folder, or JSON file of `lafs eval --out`
  std::filesystem::path out = "hardest.png";
  std::string evaluator;  ///< only this one; empty: all
  int64_t items = 10;     ///< of each list at most
  bool force = false;     ///< overwrite the file
};

/// Writes the sheet as PNG, and prints its size to standard error. The pictures are read again from the data of the recipe that measured.
/// Throws Error, before any work for a file that exists and must not be overwritten, for results that do not say where their pictures lie,
/// and where no list names pictures that can be read. [main thread]
void show_hardest(const ShowHardest& show, Registry& registry);

}  // namespace lafs
