#pragma once
#include <string>

#include "runner/tools/align/align.h"

namespace CLI {
class App;
}

namespace lafs {

/// The command line of `lafs align`.
struct AlignArguments {
  AlignRequest request;
  std::string order = "auto", missing = "error", exif = "ignore", to = "folder";
  bool quiet = false, json = false;

  void add_to(CLI::App& app);
  /// Throws Error for the first option that has no effect beside the others.
  void check(const CLI::App& app) const;
};

}  // namespace lafs
