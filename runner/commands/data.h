#pragma once
#include "runner/commands/command.h"

namespace lafs {

/// The commands below `lafs data`.
Command add_data_info(CLI::App& data);
Command add_data_check(CLI::App& data);
Command add_data_pack(CLI::App& data);

}  // namespace lafs
