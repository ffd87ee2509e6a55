#include "runner/commands/data.h"

#include <CLI/CLI.hpp>

namespace lafs {

Command add_data(CLI::App& app) {
  CLI::App* data = app.add_subcommand("data", "look at data sources, check them and pack them into record sets");
  data->require_subcommand(1);
  return one_of(data, {add_data_pack(*data), add_data_info(*data), add_data_check(*data)});
}

}  // namespace lafs
