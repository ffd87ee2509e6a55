#pragma once
#include <filesystem>

#include "runner/commands/command.h"

namespace lafs {

Command add_ledger_list(CLI::App& ledger);
Command add_ledger_why(CLI::App& ledger);
Command add_ledger_clean(CLI::App& ledger);

/// `--ledger`, the folder of the stages.
CLI::Option* ledger_option(CLI::App& command, std::filesystem::path& root);

}  // namespace lafs
