#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kernel/recipe/diagnostics.h"
#include "kernel/recipe/document.h"

namespace lafs {

/// How well the value of a setting is known, as `[status]` of a recipe says it:
///
///     [status]
///     "optimizer.lr" = "unknown: the default of the published script"
///
/// It changes no number and is no part of an identity.
struct SettingStatus {
  std::string key;    ///< dotted, of the recipe with every default written out: "optimizer.lr", "evaluator.0.folds"
  std::string word;   ///< "known", "derived", "unknown"
  std::string why;    ///< what it is known or derived from, or where it was looked for
  std::string value;  ///< of the setting, as TOML on one line; of a component the name of its plugin
};

/// The words that a status begins with.
const std::vector<std::string>& status_words();

/// A status without its key: "unknown: why". Empty when it is right, otherwise the end of a sentence that says what is wrong with it.
std::string status_fault(std::string_view text);

/// The setting of a dotted key in `settings`; null, with the mistake "table: the recipe has no ...", where there is none.
const Node* find_setting(const Node& settings, const std::string& table, const Field& field, Diagnostics& diagnostics);

/// The statuses of a table that is flat, by their keys. `settings` is the recipe with every default written out; keys are looked for in it
/// only where there are no other mistakes, since a table that could not be read lacks its keys.
std::vector<SettingStatus> read_statuses(const Node& table, const Node& settings, Diagnostics& diagnostics);

/// The table that reads back to these.
Node status_table(const std::vector<SettingStatus>& statuses);

}  // namespace lafs
