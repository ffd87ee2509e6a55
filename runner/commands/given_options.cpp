#include "runner/commands/given_options.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "lafs/error.h"

namespace lafs {

std::vector<std::string> given_options(const CLI::App& command, std::initializer_list<const char*> options) {
  std::vector<std::string> given;
  for (const char* option : options)
    if (command.count(option) > 0) given.emplace_back(option);
  return given;
}

void no_effect(const CLI::App& command, std::initializer_list<const char*> options, const std::string& where) {
  const std::vector<std::string> given = given_options(command, options);
  if (!given.empty()) throw Error(fmt::format("{} has no effect {}; leave it out", given.front(), where));
}

}  // namespace lafs
