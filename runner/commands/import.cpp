#include <cstdio>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "kernel/model/assembly.h"
#include "kernel/model/load.h"
#include "kernel/model/scalar_types.h"
#include "kernel/recipe/name_map.h"
#include "kernel/recipe/reader.h"
#include "kernel/results/json_text.h"
#include "lafs/suggestion.h"
#include "nn/layers/tree.h"
#include "runner/commands/command.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct ImportArguments {
  fs::path file, out;
  std::string map, into, options, select;
  std::vector<std::string> only, except;
  double floor = 1;
  RecipeArguments common;
  bool json = false;
};

/// The network whose names and shapes the file is held against.
std::shared_ptr<torch::nn::Module> target_of(const ImportArguments& arguments, const std::string& target, Registry& registry) {
  if (!arguments.into.ends_with(".toml")) {
    if (target != "backbone") throw Error(fmt::format("map \"{}\" gives names of a whole objective: --into needs a recipe", arguments.map));
    if (!registry.find(Backbone::kind, arguments.into))
      throw RecipeError(
          {fmt::format("--into: error: no backbone \"{}\"{}", arguments.into, suggestion(arguments.into, registry.names(Backbone::kind)))});
    Use<Backbone> use(arguments.into);
    read_options(arguments.options, "--options", use, registry);
    return use.make(InputContract())->module();
  }
  const Recipe recipe = open_recipe(arguments.into, arguments.common.context(), registry);
  if (target == "backbone") return Use<Backbone>(recipe.backbone).make(recipe.input)->module();
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::closed, [](const std::string&) {});
  return assembly.objective()->module();
}

void print_list(const char* title, const std::vector<std::string>& names) {
  if (names.empty()) return;
  fmt::print("\n{} ({}):\n", title, names.size());
  for (const std::string& name : names) fmt::print("  {}\n", name);
}

void print_account(const LoadAccount& account) {
  fmt::print("matched {} of {}, {} of them renamed\n", account.matched.size(), account.wanted(), account.renamed);
  print_list("missing in the file", account.missing);
  if (!account.wrong_shape.empty()) print_list(fmt::format("of another shape, first {}", account.first_wrong).c_str(), account.wrong_shape);
  print_list("in the file and not used", account.unexpected);
  print_list("dropped by the map", account.dropped);
}

nlohmann::json account_json(const LoadAccount& account) {
  return {{"matched", account.matched},         {"renamed", account.renamed},       {"missing", account.missing},
          {"wrong_shape", account.wrong_shape}, {"unexpected", account.unexpected}, {"dropped", account.dropped}};
}

void write_matched(const ImportArguments& arguments, const LoadAccount& account, const WeightsFile& file, const torch::nn::Module& target) {
  const std::set<std::string> matched(account.matched.begin(), account.matched.end());
  std::vector<at::Tensor> copies;
  std::vector<formats::TensorBytes> tensors;
  for (const auto& [name, tensor] : nn::state_of(target)) {
    if (!matched.contains(name)) continue;
    const at::Tensor copy = copies.emplace_back(tensor.detach().contiguous());
    tensors.push_back({name,
                       scalar_type_text(copy.scalar_type()),
                       copy.sizes().vec(),
                       {static_cast<const std::byte*>(copy.const_data_ptr()), copy.nbytes()}});
  }
  formats::write_safetensors(
      arguments.out, tensors,
      {{"format", "pt"}, {"source", file.file().filename().string()}, {"source_hash", file.hash()}, {"map", arguments.map}});
}

int run(const ImportArguments& arguments, const Invocation& invocation) {
  if (arguments.out.extension() != ".safetensors")
    throw Error(fmt::format("\"{}\": imported weights are written as .safetensors", arguments.out.string()));
  Registry registry = load_plugins(invocation);
  NameMap map;
  if (!arguments.map.empty()) map = read_name_map(registry.map(arguments.map));
  const auto target = target_of(arguments, map.target, registry);
  const WeightsFile file(arguments.file);
  const LoadPlan plan{arguments.select, arguments.map.empty() ? nullptr : &map, arguments.only, arguments.except};
  const LoadAccount account = load_matching(file, plan, *target);
  if (arguments.json) {
    fmt::print("{}\n", json_text(account_json(account)));
  } else {
    print_account(account);
  }
  if (account.matched.empty() || account.share() < arguments.floor) {
    throw Error(
        fmt::format("{}; that is less than --floor {}", account_text(account, arguments.into, file.file().string()), arguments.floor));
  }
  write_matched(arguments, account, file, *target);
  return done;
}

}  // namespace

Action add_import(CLI::App& app) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* command = app.add_subcommand("import", "bring weights of another program under our names, with an account of every tensor");
  command->add_option("file", arguments->file, ".pth or .safetensors file, or the folder of a checkpoint or run")
      ->required()
      ->type_name("FILE");
  command->add_option("--map", arguments->map, "name map, see lafs describe; left out where the file has our names")->type_name("NAME");
  command->add_option("--into", arguments->into, "recipe (its backbone, or its objective, as the map says) or backbone plugin")
      ->required()
      ->type_name("RECIPE|PLUGIN");
  command->add_option("--options", arguments->options, "options of the plugin: 'dim = 48'")->type_name("TOML");
  command->add_option("--out", arguments->out, "safetensors file to write")->required()->type_name("FILE");
  command->add_option("--select", arguments->select, "prefix of names in the file, taken away before the map")->type_name("PREFIX");
  command->add_option("--only", arguments->only, "globs on our names: load these")->type_name("GLOB");
  command->add_option("--except", arguments->except, "globs on our names: leave these")->type_name("GLOB");
  command->add_option("--floor", arguments->floor, "share of the tensors asked for that must be found")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  arguments->common.add_to(*command);
  command->add_flag("--json", arguments->json, "the account as JSON");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
