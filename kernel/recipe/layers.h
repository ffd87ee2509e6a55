#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "kernel/recipe/document.h"

namespace lafs {

/// Reads a file and all its bases, which lie below it key by key. Where `use` names another plugin than below, the options of that plugin
/// are dropped. Mistakes are collected in the document. Throws RecipeError when the file itself cannot be read or is not TOML.
Document read_document(const std::filesystem::path& file);

/// The same of a text that stands for the file `name`.
Document read_document(std::string_view text, const std::string& name);

/// One stage of a file of several: the bases that `stage` names, then `common`, the part that all stages share, then the stage's own keys.
Document read_stage_document(const Node& stage, const Node& common, const std::filesystem::path& file);

/// Puts what the command line adds on top. Numbers in a key count the items of a list: "evaluator.0.folds". For a stage, "STAGE.key" means
/// "key".
void apply_context(Document& document, const RecipeContext& context, const std::string& stage = "");

/// Whether a document is that of a row: it has `[row]` or `[[stage]]`.
bool is_row(const Document& document);

/// Whether a document is that of a grid: it has `[grid]`.
bool is_grid(const Document& document);

}  // namespace lafs
