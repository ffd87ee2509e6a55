#include "runner/tools/scaffold/scaffold.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/atomic_file.h"
#include "kernel/recipe/diagnostics.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"
#include "scaffold_templates.h"  // generated from templates/*.cpp

namespace lafs {

namespace {

namespace fs = std::filesystem;
using Tables = std::vector<std::pair<std::string, std::string>>;

void replace_all(std::string& text, std::string_view mark, std::string_view by) {
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) text.replace(at, mark.size(), by);
}

/// "sine_margin" as "SineMargin".
std::string class_name(const std::string& name) {
  std::string out;
  bool start = true;
  for (const char c : name) {
    if (c != '_') out += start ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    start = c == '_';
  }
  return out;
}

std::string source_of(const NewPlugin& plugin) {
  const std::string file = plugin.base.empty() ? plugin.kind : plugin.kind + "_" + plugin.base;
  const auto* const found =
      std::find_if(std::begin(scaffold_templates), std::end(scaffold_templates), [&](const auto& item) { return item.first == file; });
  std::string text(found->second);
  replace_all(text, "my_plugin", plugin.name);
  replace_all(text, "MyPlugin", class_name(plugin.name + "_" + plugin.kind));
  return text;
}

std::string build_file(const NewPlugin& plugin) {
  const auto& [kind, name, base] = plugin;
  const bool imaging = kind == "augmentation" || kind == "data_source";
  return fmt::format(
      "cmake_minimum_required(VERSION 3.25)\n"
      "project({1} LANGUAGES CXX)\n"
      "find_package(lafs REQUIRED)\n"
      "enable_testing()\n"
      "lafs_add_plugin({0} {1} {1}.cpp{2} RECIPE recipe.toml)\n",
      kind, name, imaging ? " LIBS lafs::imaging" : "");
}

/// What test-plugin tries an objective on two views with.
std::string examples(const std::string& name) {
  return fmt::format(
      "# Tables of a recipe that `lafs test-plugin` tries the objective with, laid over its own. CMake copies the file beside the "
      "library.\n"
      "[[example]]\n"
      "batch_coupled = true  # the loss compares the pictures of a batch, so two halves of it do not give the loss of the whole\n\n"
      "[example.objective]\nuse = \"{}\"\n\n[example.projector]\nuse = \"mlp\"\nhidden = 32\noutputs = 16\n",
      name);
}

/// A small run on drawn faces, in which the table of the plugin's kind names the plugin.
std::string recipe(const NewPlugin& plugin) {
  const auto& [kind, name, base] = plugin;
  const bool pretrains = kind == "objective" || kind == "projector";
  const std::string faces = "use = \"synthetic_faces\"\nidentities = 40\nper_identity = 10\nsize = 64\n";
  Tables tables{{"data_source", faces},
                {"augmentation", base == "two_views" ? "use = \"dino_views\"\nglobal_size = 64\nlocal_views = 0\n"
                                 : pretrains         ? "use = \"dino_views\"\nglobal_size = 64\nlocal_size = 32\nlocal_views = 2\n"
                                                     : "use = \"none\"\n"},
                {"backbone",
                 "use = \"fvit\"\npatch = 8\ndim = 96\ndepth = 2\nheads = 3\ndim_head = 32\nmlp_dim = 192\ndropout = 0\n"
                 "emb_dropout = 0\ndrop_path = 0\n"}};
  if (pretrains) {
    tables.emplace_back("projector", base == "two_views" ? "use = \"mlp\"\nhidden = 128\noutputs = 64\n"
                                                         : "use = \"dino_head\"\nhidden = 128\nbottleneck = 64\noutputs = 512\n");
    tables.emplace_back("objective", "use = \"dino\"\n");
  } else {
    tables.emplace_back("head", "use = \"cosface\"\nmargin = 0.2\nscale = 24\n");
    tables.emplace_back("objective", "use = \"identification\"\n");
  }
  tables.emplace_back("optimizer", fmt::format("use = \"adamw\"\nlr = {{ shape = \"cosine\", from = {}, to = 1e-5, warmup_epochs = 1 }}\n",
                                               pretrains ? "5e-4" : "1e-3"));
  tables.emplace_back("evaluator", "name = \"unseen people\"\nuse = \"verification\"\ngenuine = 300\nimpostor = 300\n");

  std::string text = fmt::format(
      "# {} \"{}\" in a small run on drawn faces: about a minute on two CPU cores.\n[run]\nepochs = 4\nbatch = 40\nplugins = "
      "[\"build/lafs_{}_{}.so\"]\n\n[input]\nheight = 64\nwidth = 64\n",
      kind, name, kind, name);
  const std::string unseen = "use = \"synthetic_faces\"\nfirst_identity = 1000000\nidentities = 30\nper_identity = 6\nsize = 64\n";
  for (const auto& [table, options] : tables) {
    const bool own = table == kind;
    const bool list = table == "evaluator";
    text += fmt::format("\n{}{}{}\n{}", list ? "[[" : "[", table, list ? "]]" : "]", own ? fmt::format("use = \"{}\"\n", name) : options);
  }
  return text + "\n[evaluator.data]\n" + unseen;
}

}  // namespace

bool is_plugin_name(const std::string& name) {
  const auto fits = [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '_'; };
  return !name.empty() && std::islower(static_cast<unsigned char>(name[0])) && std::all_of(name.begin(), name.end(), fits);
}

const std::vector<std::string>& objective_bases() {
  static const std::vector<std::string> bases{"two_views"};
  return bases;
}

void check_new_plugin(const NewPlugin& plugin, const Registry& registry) {
  const auto& [kind, name, base] = plugin;
  const auto& kinds = Registry::kinds();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    throw RecipeError({fmt::format("lafs new: error: no kind of plugin is called \"{}\"{}; the kinds: {}", kind, suggestion(kind, kinds),
                                   fmt::join(kinds, ", "))});
  }
  if (!base.empty() && kind != "objective")
    throw RecipeError({fmt::format("lafs new: error: --base is about objectives, not about kind \"{}\"; leave it out", kind)});
  if (const RegistryEntry* taken = registry.find(kind, name)) {
    throw Error(fmt::format("{} \"{}\" already exists, in {}", kind, name, taken->library.string()));
  }
  if (!is_plugin_name(name)) {
    throw RecipeError({fmt::format(
        "lafs new: error: \"{}\" cannot name a plugin: use lower-case letters, digits and _, a letter first, as in \"sine_margin\"",
        name)});
  }
}

std::string scaffold_advice(const fs::path& folder, const fs::path& prefix) {
  const bool installed = fs::exists(prefix / "lib/cmake/lafs/lafsConfig.cmake");
  std::string text;
  if (!installed) text = fmt::format("\nIt is built against an installed lafs:\n\n  cmake --install {} --prefix DIR\n", prefix.string());
  return text + fmt::format(
                    "\nbuild, test, train:\n\n  cmake -S {0} -B {0}/build -DCMAKE_PREFIX_PATH={1} && cmake --build {0}/build\n  ctest "
                    "--test-dir {0}/build\n  {1}/bin/lafs run {0}/recipe.toml\n",
                    folder.string(), installed ? prefix.string() : "DIR");
}

std::vector<fs::path> write_scaffold(const NewPlugin& plugin, const fs::path& folder) {
  if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder))) {
    throw Error(fmt::format("{}: the folder exists already; name another one with --dir", folder.string()));
  }
  fs::create_directories(folder);
  std::vector<std::pair<fs::path, std::string>> files{{folder / (plugin.name + ".cpp"), source_of(plugin)},
                                                      {folder / "CMakeLists.txt", build_file(plugin)},
                                                      {folder / "recipe.toml", recipe(plugin)}};
  if (plugin.base == "two_views") files.emplace_back(folder / "examples.toml", examples(plugin.name));
  std::vector<fs::path> written;
  for (const auto& [file, text] : files) {
    formats::write_atomically(file, text);
    written.push_back(file);
  }
  return written;
}

}  // namespace lafs
