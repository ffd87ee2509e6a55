#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/command.h"
#include "runner/tools/describe/pages.h"
#include "runner/tools/describe/schema.h"

namespace lafs {

namespace {

struct DescribeArguments {
  std::vector<std::string> names;
  bool json = false, markdown = false, quirks = false, schema = false;
};

int run_describe(const DescribeArguments& arguments, const Invocation& invocation) {
  const Registry registry = load_plugins(invocation);
  if (arguments.schema) {
    fmt::print("{}\n", recipe_schema(registry).dump(1));
    return done;
  }
  std::vector<ReferencePage> pages = reference_pages(registry);
  if (!arguments.names.empty()) pages = chosen_pages(pages, arguments.names);
  if (arguments.json) {
    fmt::print("{}\n", json_text(arguments.quirks ? quirks_json(pages) : reference_json(pages)));
  } else if (arguments.markdown) {
    fmt::print("{}", reference_markdown(pages));
  } else if (arguments.quirks) {
    print_quirks(pages);
  } else if (arguments.names.empty()) {
    print_overview(pages);
  } else {
    for (const ReferencePage& page : pages) print_page(page);
  }
  return done;
}

}  // namespace

Command add_describe(CLI::App& app) {
  auto arguments = std::make_shared<DescribeArguments>();
  CLI::App* command = app.add_subcommand("describe", "list plugins, their options with types, ranges and defaults, and the quirks");
  command->add_option("name", arguments->names, "plugin, kind, or recipe table (run, input, optimizer, ...); without a name: all")
      ->type_name("NAME");
  command->add_flag("--quirks", arguments->quirks, "the numbered deviations from the reference, with both values");
  command->add_flag("--json", arguments->json, "as JSON");
  command->add_flag("--markdown", arguments->markdown, "as docs/reference.md");
  command->add_flag("--schema", arguments->schema,
                    "a JSON Schema of recipes, with which an editor completes and checks keys; see docs/recipes.md");
  return {command, [arguments](const Invocation& invocation) { return run_describe(*arguments, invocation); }};
}

}  // namespace lafs
