#include <cstdlib>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/commands/arguments.h"

namespace lafs {

void RecipeArguments::add_to(CLI::App& command) {
  const char* help =
      "override a key of the recipe: --set objective.mixup=0.2, of an item of a list: --set evaluator.0.folds=5, or of one stage of a row: "
      "--set STAGE.run.epochs=3; may be given several times";
  command.add_option("--set", set, help)->type_name("KEY=VALUE")->take_all();
}

void RecipeArguments::add_stage_to(CLI::App& command, const std::string& help) {
  command.add_option("--stage", stage, help)->check(refuse_empty)->type_name("NAME");
}

void RecipeArguments::add_inputs_to(CLI::App& command) {
  const char* help = "folder of the row, with the stages that others take weights from: the --out of lafs run; default as there";
  command.add_option("--inputs", inputs, help)->type_name("DIR");
}

RecipeContext RecipeArguments::context() const {
  RecipeContext context;
  std::vector<std::string> wrong;
  for (const std::string& item : set) {
    const auto equals = item.find('=');
    if (equals == std::string::npos || equals == 0) {
      wrong.push_back(fmt::format("--set {}: error: expected KEY=VALUE", item));
    } else {
      context.overrides.emplace_back(item.substr(0, equals), item.substr(equals + 1));
    }
  }
  if (!wrong.empty()) throw RecipeError(wrong);
  if (const char* root = std::getenv("LAFS_DATA")) context.data_root = root;
  return context;
}

void SourceArguments::add_to(CLI::App& command) {
  auto* source = command.add_option("source", request.path,
                                    "folder of identities, IJB folder, list of pictures, record set, or recipe with a [data_source]");
  source->type_name("SOURCE");
  const char* any = "any data source: --source '{ use = \"subset\", source = ..., fraction = 0.1 }'";
  command.add_option("--source", request.toml, any)->type_name("TOML")->excludes(source);
  command.add_option("--root", request.root, "folder of the pictures of a list; default the folder of the list")->type_name("DIR");
  common.add_to(command);
}

}  // namespace lafs
