#pragma once
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "conformance/findings.h"
#include "lafs/error.h"

namespace lafs::conformance {

/// What a command writes to its standard output. Throws Error when it cannot be run or fails.
inline std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), [](FILE* file) { return file ? ::pclose(file) : 0; });
  if (!pipe) throw Error(fmt::format("\"{}\" cannot be run", command));
  std::string text;
  char part[4096];
  for (size_t got = std::fread(part, 1, sizeof part, pipe.get()); got > 0; got = std::fread(part, 1, sizeof part, pipe.get())) {
    text.append(part, got);
  }
  if (text.empty()) throw Error(fmt::format("\"{}\" wrote nothing", command));
  return text;
}

/// Names that a library defines for others, without versions.
inline std::set<std::string> exported_symbols(const std::filesystem::path& library) {
  std::istringstream lines(output_of(fmt::format("nm -D --defined-only '{}'", library.string())));
  std::set<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    const std::string name = line.substr(line.rfind(' ') + 1);
    names.insert(name.substr(0, name.find('@')));
  }
  return names;
}

/// A plugin exports its entry and its stamp, so that nothing of it can take the place of a name elsewhere.
inline void conform_exports(const std::filesystem::path& library, Findings& findings) {
  findings.guard("exports", [&] {
    const std::set<std::string> names = exported_symbols(library);
    findings.expect(names == std::set<std::string>{"lafs_plugin", "lafs_stamp"}, "it exports lafs_plugin and lafs_stamp alone",
                    fmt::format("\"{}\" exports {}", library.filename().string(), fmt::join(names, ", ")));
  });
}

}  // namespace lafs::conformance
