#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/arguments.h"
#include "runner/commands/data.h"
#include "runner/tools/data/info.h"

namespace lafs {

namespace {

struct DataInfoArguments {
  SourceArguments source;
  int64_t sample = 100;
  bool json = false;
};

int run_data_info(const DataInfoArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  const auto& [request, common] = arguments.source;
  const auto info = data_info(open_source(request, common.context(), registry), arguments.sample, request.path);
  if (arguments.json) {
    fmt::print("{}\n", json_text(info));
  } else {
    print_data_info(info);
  }
  return done;
}

}  // namespace

Command add_data_info(CLI::App& data) {
  auto arguments = std::make_shared<DataInfoArguments>();
  CLI::App* command = data.add_subcommand("info", "show pictures, identities, sizes and oddities of a data source");
  arguments->source.add_to(*command);
  command->add_option("--sample", arguments->sample, "pictures whose size is read")->check(CLI::Range(1, 1000000))->capture_default_str();
  command->add_flag("--json", arguments->json, "as JSON");
  return {command, [arguments](const Invocation& invocation) { return run_data_info(*arguments, invocation); }};
}

}  // namespace lafs
