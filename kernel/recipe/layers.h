#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kernel/recipe/diagnostics.h"
#include "kernel/recipe/document.h"

namespace lafs {

/// The document of a file with all its bases under it, key by key. Mistakes go to the diagnostics; what could be read is returned.
/// Where `use` names another plugin than below, the options of that plugin are dropped. Throws Error when `file` itself cannot be read.
Node read_layers(const std::filesystem::path& file, Diagnostics& diagnostics);

/// The same of a text that stands for the file `name`.
Node read_layers(std::string_view text, const std::string& name, Diagnostics& diagnostics);

/// The recipe of a stage of the row `file`: the bases that the stage names, the row's `common` part over them, its own keys on top.
Node read_stage_layers(const Node& stage, const Node& common, const std::filesystem::path& file, Diagnostics& diagnostics);

/// Puts `--set` pairs on top. Numbers in a key count the items of a list: "evaluator.0.folds". Of a stage, "STAGE.key" means "key".
void apply_overrides(Node& document, const std::vector<std::pair<std::string, std::string>>& overrides, Diagnostics& diagnostics,
                     const std::string& stage = "");

}  // namespace lafs
