#include "runner/commands/data.h"

#include <CLI/CLI.hpp>

namespace lafs {

Command add_data(CLI::App& app) {
  CLI::App* data = app.add_subcommand("data", "look at data sources and pack them into record sets");
  data->require_subcommand(1);
  return one_of(data, {add_data_pack(*data), add_data_info(*data)});
}

}  // namespace lafs
