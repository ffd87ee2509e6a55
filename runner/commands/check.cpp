#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/assembly.h"
#include "runner/commands/command.h"
#include "runner/train/groups.h"
#include "runner/train/trainer.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct CheckArguments {
  std::vector<fs::path> paths;
  RecipeArguments common;
  bool json = false, resolved = false;
};

/// A base is no recipe of its own: it is checked through those that inherit it.
bool is_recipe(const fs::path& file) {
  return file.extension() == ".toml" && std::none_of(file.begin(), file.end(), [](const fs::path& part) { return part == "base"; });
}

std::vector<fs::path> recipes_in(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && is_recipe(fs::relative(entry.path(), path))) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) throw RecipeError({fmt::format("{}: error: the folder has no recipe", path.string())});
  return files;
}

/// Everything that can be known without opening data: options, networks, views, parameter groups.
std::string check(const fs::path& file, const CheckArguments& arguments, Registry& registry) {
  const Recipe recipe = read_recipe(file, arguments.common.context(), registry);
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::closed, [](const std::string&) {});
  const auto augmentation = assembly.augmentation();
  Trainer trainer(recipe, assembly, at::kCPU);  // parameters are never touched: this costs no memory to speak of
  assembly.check_views(trainer.objective(), *augmentation);
  trainer.encoder();
  return recipe.resolved;
}

int run(const CheckArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  nlohmann::json report = nlohmann::json::array();
  bool all_right = true;
  for (const fs::path& path : arguments.paths) {
    for (const fs::path& file : recipes_in(path)) {
      std::vector<std::string> errors;
      std::string resolved;
      try {
        resolved = check(file, arguments, registry);
      } catch (const RecipeError& error) {
        errors = error.lines();
      } catch (const std::exception& error) {
        const std::string what = error.what();
        errors = {what.find(": error: ") == std::string::npos ? fmt::format("{}: error: {}", file.string(), what) : what};
      }
      all_right = all_right && errors.empty();
      report.push_back({{"recipe", file.string()}, {"errors", errors}});
      if (arguments.json) continue;
      for (const std::string& line : errors) fmt::print(stderr, "{}\n", line);
      if (errors.empty() && arguments.resolved) fmt::print("{}", resolved);
      if (errors.empty() && !arguments.resolved) fmt::print("{}: ok\n", file.string());
    }
  }
  if (arguments.json) fmt::print("{}\n", report.dump(2));
  return all_right ? done : wrong_usage;
}

}  // namespace

Action add_check(CLI::App& app) {
  auto arguments = std::make_shared<CheckArguments>();
  CLI::App* command = app.add_subcommand("check", "say everything that is wrong with recipes; opens no data");
  command->add_option("recipe", arguments->paths, "recipes, or folders of them (a folder named base is left out)")
      ->required()
      ->type_name("PATH");
  arguments->common.add_to(*command);
  command->add_flag("--resolved", arguments->resolved, "print each recipe with every default written out");
  command->add_flag("--json", arguments->json, "the findings as JSON");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
