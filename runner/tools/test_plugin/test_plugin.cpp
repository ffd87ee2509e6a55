#include "runner/tools/test_plugin/test_plugin.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>
#include <vector>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "imaging/decode.h"
#include "kernel/ranks/device.h"
#include "kernel/registry/library_gate.h"
#include "lafs/error.h"
#include "runner/conformance/option_probe.h"
#include "runner/conformance/suites.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;
using namespace conformance;

/// The library first, so that it wins over an installed copy of the same plugin, then all others that can be loaded beside it.
Registry with_others(const fs::path& library, const fs::path& program) {
  Registry registry;
  registry.load(library);
  for (const fs::path& folder : plugin_folders(program)) {
    if (!fs::is_directory(folder)) continue;  // `lafs doctor` reports these
    for (const fs::path& other : plugin_libraries(folder)) {
      std::error_code code;
      if (fs::equivalent(other, library, code)) continue;
      try {
        registry.load(other);
      } catch (const Error&) {  // and these
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
void check_options(const RegistryEntry& entry, const Registry& registry, const Example& example, const fs::path& file) {
  if (entry.registration.kind == "objective") return;
  read_named(entry, registry, example.toml, file.string());
}

/// "with margin = 0.2, clamp = true", or with the defaults.
std::string title(const Example& example) {
  std::string line = example.toml;
  while (line.ends_with('\n')) line.pop_back();
  for (size_t at = line.find("\n\n"); at != std::string::npos; at = line.find("\n\n")) line.erase(at, 1);
  for (size_t at = line.find('\n'); at != std::string::npos; at = line.find('\n')) line.replace(at, 1, ", ");
  if (line.empty()) return "with its defaults";
  return line.size() > 100 ? fmt::format("with {}...", line.substr(0, 97)) : fmt::format("with {}", line);
}

void print_broken(const Findings& findings, const std::string& promise) {
  fmt::print("    BROKEN  {}\n", promise);
  int shown = 0, more = 0;
  for (const Finding& item : findings.items()) {
    if (item.promise != promise) continue;
    if (++shown <= 3) {
      fmt::print("            {}\n", item.what);
    } else {
      ++more;
    }
  }
  if (more > 0) fmt::print("            and {} more\n", more);
}

/// Runs the suites under one example and prints what they find; true when every promise is kept.
bool try_example(const RegistryEntry& entry, Registry& registry, const Example& example, bool verbose) {
  Findings findings;
  const auto start = std::chrono::steady_clock::now();
  findings.guard("the suite runs", [&] {
    conform_plugin(entry, registry, own_options(entry, example), findings);
    conform_kind(entry, registry, example, findings);
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::vector<std::string> kept = findings.kept();
  fmt::print("  {}: {} kept, {} broken, {:.1f} s\n", title(example), kept.size(), findings.broken().size(), seconds);
  if (verbose) {
    for (const std::string& promise : kept) fmt::print("    kept    {}\n", promise);
  }
  for (const std::string& promise : findings.broken()) print_broken(findings, promise);
  return findings.empty();
}

/// What to try a plugin with: the given options, or its examples.
std::vector<Example> chosen_examples(const PluginTest& test, const RegistryEntry& entry, const Registry& registry,
                                     const Material& material) {
  if (!test.options.empty()) {
    const std::vector<uint8_t> text = imaging::read_bytes(test.options);
    std::vector<Example> given{{material.fill({text.begin(), text.end()}), test.batch_coupled}};
    check_options(entry, registry, given[0], test.options);
    return given;
  }
  std::vector<Example> examples = examples_of(entry, material);
  if (const auto missing = options_without_example(entry); !missing.empty()) {
    throw Error(fmt::format("{} \"{}\" cannot be made without {}; give options with --options FILE", entry.registration.kind,
                            entry.registration.name, fmt::join(missing, ", ")));
  }
  for (Example& example : examples) example.batch_coupled = example.batch_coupled || test.batch_coupled;
  return examples;
}

}  // namespace

bool test_plugins(const PluginTest& test, const fs::path& program) {
  Registry registry = with_others(test.library, program);
  use_threads(at::get_num_threads());
  const Material material;
  bool kept = true;
  for (const RegistryEntry* entry : plugins_of(registry, test.library)) {
    const Registration& plugin = entry->registration;
    fmt::print("{} \"{}\", revision {}: {}\n", plugin.kind, plugin.name, plugin.revision, plugin.doc);
    if (const auto& can = plugin.capabilities; std::find(can.begin(), can.end(), "inference_only") != can.end())
      fmt::print("  it only infers: the promises of training are not asked\n");
    std::fflush(stdout);  // so that the title is seen even if the plugin kills the process
    for (const Example& example : chosen_examples(test, *entry, registry, material))
      kept = try_example(*entry, registry, example, test.verbose) && kept;
  }
  fmt::print("{}\n", kept ? "every promise is kept" : "a promise is broken");
  return kept;
}

}  // namespace lafs
