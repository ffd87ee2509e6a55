#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/command.h"
#include "runner/tools/test_plugin/test_plugin.h"

namespace lafs {

namespace {

constexpr const char* what_is_tried =
    "Every kind has its suite: shapes and types, equal results for equal keys, gradients where they are promised and nowhere else,\n"
    "calls from many threads, options at both ends of their ranges, state that is complete when saved and loaded, bf16 compared with\n"
    "fp32, two half batches compared with the whole. An objective runs in a tiny recipe on synthetic faces. Exit status: 0 every\n"
    "promise is kept, 1 one is broken or the library cannot be loaded.";

constexpr const char* options_help =
    "TOML file with options to use instead of the defaults; for an objective: tables of a recipe, such as [objective] and [backbone], laid "
    "over those of the suite; \"{images}\", \"{records}\" and \"{ijb}\" stand for a folder of pictures, a record set and an IJB folder";

}  // namespace

Command add_test_plugin(CLI::App& app) {
  auto test = std::make_shared<PluginTest>();
  CLI::App* command = app.add_subcommand("test-plugin", "run the conformance tests on the plugins of a library, in or out of the tree");
  command->footer(what_is_tried);
  command->add_option("file", test->library, "a plugin's library, such as lafs_head_mine.so")->required()->type_name("FILE");
  command->add_option("--options", test->options, options_help)->type_name("FILE");
  const char* coupled = "the loss compares samples within a batch, so two half batches need not equal the whole";
  command->add_flag("--batch-coupled", test->batch_coupled, coupled);
  command->add_flag("--verbose", test->verbose, "also list the promises that are kept");
  return computing({command, [test](const Invocation& invocation) { return test_plugins(*test, invocation.program) ? done : failed; }});
}

}  // namespace lafs
