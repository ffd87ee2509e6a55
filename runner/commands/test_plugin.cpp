#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "imaging/decode.h"
#include "kernel/ranks/device.h"
#include "kernel/registry/library_gate.h"
#include "lafs/error.h"
#include "runner/commands/command.h"
#include "runner/conformance/option_probe.h"
#include "runner/conformance/suites.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct Arguments {
  fs::path library, options;
  bool batch_coupled = false, verbose = false;
};

/// The library first, so that an installed copy of the same plugin is no rival, then all others that can be loaded beside it.
Registry with_others(const fs::path& library, const Invocation& invocation) {
  Registry registry;
  registry.load(library);
  for (const fs::path& folder : plugin_folders(invocation.program)) {
    if (!fs::is_directory(folder)) continue;  // `lafs doctor` is for these
    for (const fs::path& other : plugin_libraries(folder)) {
      std::error_code code;
      if (fs::equivalent(other, library, code)) continue;
      try {
        registry.load(other);
      } catch (const Error&) {  // and for these
      }
    }
  }
  return registry;
}

std::vector<const RegistryEntry*> plugins_of(const Registry& registry, const fs::path& library) {
  std::vector<const RegistryEntry*> found;
  for (const RegistryEntry* entry : registry.all()) {
    std::error_code code;
    if (fs::equivalent(entry->library, library, code)) found.push_back(entry);
  }
  if (found.empty()) throw Error(fmt::format("{}: registers no plugin", library.string()));
  return found;
}

/// Throws RecipeError, which names the file, for options that the plugin does not take. An objective's are read with its recipe.
void check_options(const RegistryEntry& entry, const Registry& registry, const conformance::Example& example, const fs::path& file) {
  if (entry.registration.kind == "objective") return;
  conformance::read_named(entry, registry, example.toml, file.string());
}

/// "with margin = 0.2, clamp = true", or with the defaults.
std::string title(const conformance::Example& example) {
  std::string line = example.toml;
  while (line.ends_with('\n')) line.pop_back();
  for (const char* gap : {"\n\n", "\n"}) {
    for (size_t at = line.find(gap); at != std::string::npos; at = line.find(gap)) line.replace(at, std::string_view(gap).size(), ", ");
  }
  if (line.size() > 100) line = line.substr(0, 97) + "...";
  return line.empty() ? "with its defaults" : "with " + line;
}

/// Prints what one example shows; true when every promise is kept.
bool try_example(const RegistryEntry& entry, Registry& registry, const conformance::Example& example, bool verbose) {
  conformance::Findings findings;
  const auto start = std::chrono::steady_clock::now();
  findings.guard("the suite runs", [&] {
    conformance::conform_plugin(entry, registry, conformance::own_options(entry, example), findings);
    conformance::conform_kind(entry, registry, example, findings);
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::vector<std::string> kept = findings.kept();
  fmt::print("  {}: {} kept, {} broken, {:.1f} s\n", title(example), kept.size(), findings.broken().size(), seconds);
  if (verbose) {
    for (const std::string& promise : kept) fmt::print("    kept    {}\n", promise);
  }
  for (const std::string& promise : findings.broken()) {
    fmt::print("    BROKEN  {}\n", promise);
    int shown = 0, more = 0;
    for (const conformance::Finding& item : findings.items()) {
      if (item.promise != promise) continue;
      if (++shown <= 3) {
        fmt::print("            {}\n", item.what);
      } else {
        ++more;
      }
    }
    if (more > 0) fmt::print("            and {} more\n", more);
  }
  return findings.empty();
}

int run(const Arguments& arguments, const Invocation& invocation) {
  Registry registry = with_others(arguments.library, invocation);
  use_threads(at::get_num_threads());
  const conformance::Material material;
  bool kept = true;
  for (const RegistryEntry* entry : plugins_of(registry, arguments.library)) {
    const Registration& plugin = entry->registration;
    fmt::print("{} \"{}\", revision {}: {}\n", plugin.kind, plugin.name, plugin.revision, plugin.doc);
    std::fflush(stdout);  // a plugin that kills the process has its title told
    std::vector<conformance::Example> examples = conformance::examples_of(*entry, material);
    if (!arguments.options.empty()) {
      const std::vector<uint8_t> text = imaging::read_bytes(arguments.options);
      examples = {{material.fill({text.begin(), text.end()}), arguments.batch_coupled}};
      check_options(*entry, registry, examples[0], arguments.options);
    } else if (const auto missing = conformance::options_without_example(*entry); !missing.empty()) {
      throw Error(fmt::format("{} \"{}\" cannot be made without {}; give options with --options FILE", plugin.kind, plugin.name,
                              fmt::join(missing, ", ")));
    }
    for (conformance::Example& example : examples) {
      example.batch_coupled = example.batch_coupled || arguments.batch_coupled;
      kept = try_example(*entry, registry, example, arguments.verbose) && kept;
    }
  }
  fmt::print("{}\n", kept ? "every promise is kept" : "a promise is broken");
  return kept ? done : failed;
}

}  // namespace

Action add_test_plugin(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("test-plugin", "try what the contract promises on the plugins of a library, in or out of the tree");
  command->footer(
      "Every kind has its suite: shapes and types, equal results for equal keys, gradients where they are promised and nowhere else, "
      "calls\n"
      "from many threads, options at both ends of their ranges, state that is complete when saved and loaded, bf16 beside fp32, two half\n"
      "batches beside the whole. An objective runs in a tiny recipe on synthetic faces. Exit status: 0 every promise is kept, 1 one is\n"
      "broken or the library cannot be loaded.");
  command->add_option("file", arguments->library, "a plugin's library, such as lafs_head_mine.so")->required()->type_name("FILE");
  command
      ->add_option(
          "--options", arguments->options,
          "TOML with the options to try it with instead of the defaults; of an objective: tables of a recipe, such as [objective] "
          "and [backbone], laid over those of the suite; \"{images}\" and \"{records}\" stand for a folder of pictures and a record set")
      ->type_name("FILE");
  command->add_flag("--batch-coupled", arguments->batch_coupled,
                    "the method lets rows of a batch see each other: two half batches need not equal the whole");
  command->add_flag("--verbose", arguments->verbose, "list the promises that are kept, too");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
