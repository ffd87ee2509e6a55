#pragma once
#include <filesystem>

namespace lafs {

struct PluginTest {
  std::filesystem::path library;
  std::filesystem::path options;  ///< TOML file; empty: the defaults, or the examples of a plugin of this repository
  bool batch_coupled = false;     ///< the method lets rows of a batch see each other
  bool verbose = false;           ///< also list the promises that are kept
};

/// Runs the conformance tests of every plugin in a library and prints what they find; the plugins it needs beside are found by way of
/// `program`. True when every promise is kept. Throws Error for a library that cannot be loaded. [main thread]
bool test_plugins(const PluginTest& test, const std::filesystem::path& program);

}  // namespace lafs
