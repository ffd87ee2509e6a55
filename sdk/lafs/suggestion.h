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

}  // namespace lafs
