#pragma once
#include <string>

#include "runner/commands/command.h"
#include "runner/tools/show/show.h"

namespace lafs {

/// The commands below `lafs show`.
Command add_show_views(CLI::App& show);
Command add_show_landmarks(CLI::App& show);
Command add_show_attention(CLI::App& show);
Command add_show_curves(CLI::App& show);
Command add_show_hardest(CLI::App& show);
Command add_show_margin(CLI::App& show);

/// What landmarks and attention have in common. `fallback` is the file that is written without `--out`.
void add_model_options(CLI::App& command, ShowModel& model, const std::string& fallback);

}  // namespace lafs
