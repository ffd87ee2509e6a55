#pragma once
#include <initializer_list>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lafs {

/// Those of the options that stand on the command line, in the order named here.
std::vector<std::string> given_options(const CLI::App& command, std::initializer_list<const char*> options);

/// Throws Error for the first of them that was given: "--quality has no effect with --format png; leave it out". `where` is the middle.
void no_effect(const CLI::App& command, std::initializer_list<const char*> options, const std::string& where);

}  // namespace lafs
