#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace lafs {

/// The end of an error about an unknown name: `; did you mean "margin"?` when a candidate is within max(2, length/3) edits, else
/// `; one of "a", "b"`; empty without candidates. [any thread]
///
///     throw Error(fmt::format("no rule \"{}\"{}", name, suggestion(name, {"arc", "cos"})));
std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

/// The end of an error about a plugin that lacks a capability: `; try "fvit", "part_fvit"`; empty without plugins. [any thread]
///
///     throw Error("the backbone takes no tokens" + suggest_capable(assembly.plugins_with("backbone", "tokens")));
std::string suggest_capable(const std::vector<std::string>& plugins);

}  // namespace lafs
