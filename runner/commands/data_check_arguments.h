#pragma once
#include <filesystem>

#include "runner/commands/arguments.h"
#include "runner/tools/data/check.h"

namespace lafs {

/// The arguments of `lafs data check`.
struct DataCheckArguments {
  SourceArguments source;
  DataCheckRequest request;
  std::filesystem::path sheet;  ///< empty: none
  bool strict = false, force = false;

  void add_to(CLI::App& command);
};

}  // namespace lafs
