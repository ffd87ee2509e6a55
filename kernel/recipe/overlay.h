#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "kernel/recipe/diagnostics.h"
#include "kernel/recipe/document.h"

namespace lafs {

/// Lays `over` on `under`, key by key: what an upper layer of a recipe says wins. A component whose plugin changes loses the options of the
/// former one, and `[status]` what it said of them; a table whose keys are 0, 1, ... changes single items of a list. `path` is the dotted
/// key of both, for mistakes.
void overlay(Node& under, const Node& over, const std::string& path, Diagnostics& diagnostics);

/// Joins two bases as equals: a key that they set differently is a mistake at `where`.
void join(Node& one, const Node& other, const std::string& path, const Position& where, Diagnostics& diagnostics);

/// The number that a key is, if it is one: "0", "12".
std::optional<size_t> index_of(const std::string& key);

}  // namespace lafs
