#include <algorithm>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <memory>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/model/assembly.h"
#include "kernel/model/load.h"
#include "kernel/results/json_text.h"
#include "kernel/run/row_session.h"
#include "kernel/train/groups.h"
#include "kernel/train/trainer.h"
#include "nn/layers/tree.h"
#include "runner/commands/check_inputs.h"
#include "runner/commands/command.h"
#include "runner/report/say.h"

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
  std::error_code error, broken;
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_regular_file(broken) && is_recipe(fs::relative(entry->path(), path))) files.push_back(entry->path());
  }
  if (error) throw RecipeError({fmt::format("{}: error: the folder cannot be searched: {}", path.string(), error.message())});
  std::sort(files.begin(), files.end());
  if (files.empty()) throw RecipeError({fmt::format("{}: error: the folder has no recipe", path.string())});
  return files;
}

struct Finding {
  std::string stage;  ///< empty of a run recipe, and of a row that could not be read
  std::vector<std::string> errors, warnings;
  std::string resolved;
};

/// Everything of a recipe that can be known without opening data: options, networks, views, parameter groups, where weights go.
void check(const Recipe& recipe, const std::function<void(const std::string&)>& note) {
  std::vector<std::string> missing;  // a recipe without data may be a base of others
  for (const AnyUse* use : std::initializer_list<const AnyUse*>{&recipe.augmentation, &recipe.objective, &recipe.optimizer}) {
    if (use->empty()) missing.push_back(fmt::format("[{}]", use->kind()));
  }
  if (!missing.empty()) throw Error(fmt::format("the recipe has no {}", fmt::join(missing, ", no ")));
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::closed, note);
  Trainer trainer(recipe, assembly, at::kCPU);  // parameters are never touched: this costs no memory to speak of
  for (const InitEntry& init : recipe.init) placed(init, [&] { nn::submodule(trainer.root(), init.into); });
  trainer.encoder();
}

/// What `action` has to complain of; sentences without a place get `title`.
std::vector<std::string> complaints(const std::string& title, const auto& action) {
  try {
    action();
  } catch (const RecipeError& error) {
    return error.lines();
  } catch (const PlacedError& error) {
    return {error.what()};
  } catch (const std::exception& error) {
    return {fmt::format("{}: error: {}", title, sentence_of(error))};
  }
  return {};
}

Finding finding_of(const Row& row, const Stage& stage) {
  const std::string title = title_of(row, stage);
  Finding finding{stage.name, {}, {}, stage.recipe.resolved};
  const auto warn = [&](const std::string& text) { finding.warnings.push_back(fmt::format("{}: warning: {}", title, text)); };
  finding.errors = complaints(title, [&] {
    check(stage.recipe, warn);
    check_inputs(row, stage);
  });
  return finding;
}

std::vector<Finding> findings_of(const fs::path& file, const CheckArguments& arguments, Registry& registry) {
  Row row;
  std::vector<const Stage*> chosen;
  const auto errors = complaints(file.string(), [&] {
    row = open_row(file, arguments.common.context(), registry);
    chosen = chosen_stages(row, arguments.common.stage);
  });
  if (!errors.empty()) return {{"", errors, {}, ""}};
  std::vector<Finding> findings;
  for (const Stage* stage : chosen) findings.push_back(finding_of(row, *stage));
  return findings;
}

void print_findings(const fs::path& file, const std::vector<Finding>& findings, bool resolved) {
  bool right = true;
  for (const Finding& finding : findings) {
    right = right && finding.errors.empty();
    for (const auto* lines : {&finding.errors, &finding.warnings}) {
      for (const std::string& line : *lines) say("{}\n", line);
    }
    if (!resolved || !finding.errors.empty()) continue;
    if (findings.size() > 1) fmt::print("# stage {}\n\n", finding.stage);
    fmt::print("{}", finding.resolved);
  }
  if (right && !resolved) fmt::print("{}: ok\n", file.string());
}

int run(const CheckArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  nlohmann::json report = nlohmann::json::array();
  bool all_right = true;
  for (const fs::path& path : arguments.paths) {
    for (const fs::path& file : recipes_in(path)) {
      const auto findings = findings_of(file, arguments, registry);
      for (const Finding& finding : findings) {
        all_right = all_right && finding.errors.empty();
        report.push_back({{"recipe", file.string()}, {"errors", finding.errors}, {"warnings", finding.warnings}});
        if (!finding.stage.empty()) report.back()["stage"] = finding.stage;
      }
      if (!arguments.json) print_findings(file, findings, arguments.resolved);
    }
  }
  if (arguments.json) fmt::print("{}\n", json_text(report));
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
  arguments->common.add_stage_to(*command, "check this stage of a row only");
  command->add_flag("--resolved", arguments->resolved, "print each recipe with every default written out");
  command->add_flag("--json", arguments->json, "the findings as JSON");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
