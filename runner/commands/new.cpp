#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "lafs/error.h"
#include "lafs/suggestion.h"
#include "runner/commands/command.h"
#include "runner/tools/scaffold/scaffold.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string what, kind, name;
  fs::path folder;
};

int run(const Arguments& arguments, const Invocation& invocation) {
  const Registry registry = load_plugins(invocation);
  const auto& [what, kind, name, given] = arguments;
  if (what != "plugin") throw RecipeError({fmt::format("lafs new: error: it makes a \"plugin\", not a \"{}\"", what)});
  const auto& kinds = Registry::kinds();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    throw RecipeError({fmt::format("lafs new: error: no kind of plugin is called \"{}\"{}; the kinds: {}", kind, suggestion(kind, kinds),
                                   fmt::join(kinds, ", "))});
  }
  if (const RegistryEntry* taken = registry.find(kind, name)) {
    throw Error(fmt::format("there is a {} \"{}\" already, in {}", kind, name, taken->library.string()));
  }
  if (!is_plugin_name(name)) {
    throw RecipeError({fmt::format(
        "lafs new: error: \"{}\" is no name of a plugin: small letters, digits and _, a letter first, such as \"sine_margin\"", name)});
  }
  const fs::path folder = given.empty() ? fs::path(name) : given;
  for (const fs::path& file : write_scaffold(kind, name, folder)) fmt::print("wrote {}\n", file.string());

  const fs::path prefix = invocation.program.parent_path().parent_path();
  const bool installed = fs::exists(prefix / "lib/cmake/lafs/lafsConfig.cmake");
  if (!installed) fmt::print("\nIt is built against an installed lafs:\n\n  cmake --install {} --prefix DIR\n", prefix.string());
  fmt::print(
      "\nbuild, test, train:\n\n  cmake -S {0} -B {0}/build -DCMAKE_PREFIX_PATH={1} && cmake --build {0}/build\n  ctest --test-dir "
      "{0}/build\n"
      "  {1}/bin/lafs run {0}/recipe.toml\n",
      folder.string(), installed ? prefix.string() : "DIR");
  return done;
}

}  // namespace

Action add_new(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("new", "write a plugin to start from, with its build, recipe and tests");
  command->footer(
      "lafs new plugin head sine_margin writes sine_margin/: a head that builds, keeps every promise of heads, and trains at once.");
  command->add_option("what", arguments->what, "\"plugin\"")->required()->type_name("plugin");
  command->add_option("kind", arguments->kind, "data_source, augmentation, backbone, projector, head, objective, optimizer or evaluator")
      ->required()
      ->type_name("KIND");
  command->add_option("name", arguments->name, "by which recipes use it: small letters, digits and _")->required()->type_name("NAME");
  command->add_option("--dir", arguments->folder, "folder to write; default ./NAME")->type_name("DIR");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
