#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "lafs/suggestion.h"
#include "runner/commands/command.h"
#include "runner/tools/describe/reference.h"
#include "runner/tools/describe/schema.h"

namespace lafs {

namespace {

struct DescribeArguments {
  std::vector<std::string> names;
  bool json = false, markdown = false, quirks = false, schema = false;
};

bool is_kind(const std::string& name) {
  return std::find(Registry::kinds().begin(), Registry::kinds().end(), name) != Registry::kinds().end();
}

void print_overview(const std::vector<ReferencePage>& pages) {
  std::string kind;
  for (const ReferencePage& page : pages) {
    if (page.kind != kind) fmt::print("{}{}\n", kind.empty() ? "" : "\n", page.kind);
    kind = page.kind;
    fmt::print("  {:<18} {}\n", page.name, page.doc);
  }
  fmt::print("\nlafs describe NAME shows the options of a plugin or of a recipe table; --quirks the numbered deviations.\n");
}

/// `path` is where the options lie in their table: "loss_scale.".
void print_options(const std::vector<OptionPage>& options, const std::string& indent, const std::string& path = "") {
  for (const OptionPage& option : options) {
    const std::string rule = option.rule.empty() ? "" : ", " + option.rule;
    const std::string fallback = option.fallback.empty() ? "" : " = " + option.fallback;
    fmt::print("{}{}{}{}  ({}{})\n{}    {}\n", indent, path, option.key, fallback, option.type, rule, indent, option.doc);
    if (!option.quirk.empty()) fmt::print("{}    quirk {}: corrected = {}\n", indent, option.quirk, option.corrected);
    print_options(option.inner, indent + "  ", path + option.key + ".");
  }
}

void print_page(const ReferencePage& page) {
  fmt::print("{} \"{}\": {}\n", page.kind, page.name, page.doc);
  if (!page.library.empty()) fmt::print("from {}, revision {}\n", page.library, page.revision);
  fmt::print("\n");
  if (page.options.empty()) fmt::print("  no options\n");
  print_options(page.options, "  ");
}

void print_quirks(const std::vector<ReferencePage>& pages) {
  fmt::print("{:<8} {:<32} {:<20} {:<20} {}\n", "quirk", "option", "published", "corrected", "what");
  for (const QuirkLine& quirk : quirks_of(pages)) {
    fmt::print("{:<8} {:<32} {:<20} {:<20} {}\n", quirk.id, quirk.option, quirk.published, quirk.corrected, quirk.doc);
  }
}

/// Pages a name means: a plugin of any kind, or a kind's all.
std::vector<ReferencePage> chosen(const std::vector<ReferencePage>& pages, const std::vector<std::string>& names) {
  std::vector<ReferencePage> found;
  const bool kind_and_name = names.size() == 2 && is_kind(names[0]);
  const std::vector<std::string> wanted = kind_and_name ? std::vector<std::string>{names[1]} : names;
  std::vector<std::string> known(Registry::kinds());
  for (const ReferencePage& page : pages) {
    if (std::find(known.begin(), known.end(), page.name) == known.end()) known.push_back(page.name);
  }
  for (const std::string& name : wanted) {
    const size_t before = found.size();
    for (const ReferencePage& page : pages) {
      const bool named = page.name == name && (!kind_and_name || page.kind == names[0]);
      if (named || page.kind == name) found.push_back(page);
    }
    if (found.size() == before)
      throw RecipeError({fmt::format("lafs describe: error: nothing is called \"{}\"{}", name, suggestion(name, known))});
  }
  return found;
}

int run(const DescribeArguments& arguments, const Invocation& invocation) {
  const Registry registry = load_plugins(invocation);
  if (arguments.schema) {
    fmt::print("{}\n", recipe_schema(registry).dump(1));
    return done;
  }
  std::vector<ReferencePage> pages = reference_pages(registry);
  if (!arguments.names.empty()) pages = chosen(pages, arguments.names);
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

Action add_describe(CLI::App& app) {
  auto arguments = std::make_shared<DescribeArguments>();
  CLI::App* command = app.add_subcommand("describe", "list plugins, their options with types, ranges and defaults, and the quirks");
  command->add_option("name", arguments->names, "plugin, kind, or recipe table (run, input, optimizer, ...); nothing: the list of all")
      ->type_name("NAME");
  command->add_flag("--quirks", arguments->quirks, "the numbered deviations of the reference, with both values");
  command->add_flag("--json", arguments->json, "as JSON");
  command->add_flag("--markdown", arguments->markdown, "as docs/reference.md");
  command->add_flag("--schema", arguments->schema,
                    "recipes as JSON Schema, with which an editor completes and checks keys; see docs/recipes.md");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
