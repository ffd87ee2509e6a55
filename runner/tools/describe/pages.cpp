#include "runner/tools/describe/pages.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "kernel/recipe/diagnostics.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

bool is_kind(const std::string& name) {
  return std::find(Registry::kinds().begin(), Registry::kinds().end(), name) != Registry::kinds().end();
}

/// `path` is put before each key: "loss_scale." for the options of that table.
void print_options(const std::vector<OptionPage>& options, const std::string& indent, const std::string& path = "") {
  for (const OptionPage& option : options) {
    const std::string rule = option.rule.empty() ? "" : ", " + option.rule;
    const std::string fallback = option.fallback.empty() ? "" : " = " + option.fallback;
    fmt::print("{}{}{}{}  ({}{})\n{}    {}\n", indent, path, option.key, fallback, option.type, rule, indent, option.doc);
    if (!option.quirk.empty()) fmt::print("{}    quirk {}: corrected = {}\n", indent, option.quirk, option.corrected);
    print_options(option.inner, indent + "  ", path + option.key + ".");
  }
}

}  // namespace

void print_overview(const std::vector<ReferencePage>& pages) {
  std::string kind;
  for (const ReferencePage& page : pages) {
    if (page.kind != kind) fmt::print("{}{}\n", kind.empty() ? "" : "\n", page.kind);
    kind = page.kind;
    fmt::print("  {:<18} {}\n", page.name, page.doc);
  }
  fmt::print("\nlafs describe NAME shows the options of a plugin or of a recipe table; --quirks the numbered deviations.\n");
}

void print_page(const ReferencePage& page) {
  fmt::print("{} \"{}\": {}\n", page.kind, page.name, page.doc);
  if (!page.library.empty()) fmt::print("from {}, revision {}\n", page.library, page.revision);
  if (page.python_class) fmt::print("lafs export --python writes it for PyTorch\n");
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

std::vector<ReferencePage> chosen_pages(const std::vector<ReferencePage>& pages, const std::vector<std::string>& names) {
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
    if (found.size() > before) continue;
    std::string hint = suggestion(name, known);
    if (!hint.starts_with("; did you mean"))
      hint = "; lafs describe lists all, and plugins of your own are found in the folders of LAFS_PLUGIN_PATH";
    throw RecipeError({fmt::format("lafs describe: error: nothing is called \"{}\"{}", name, hint)});
  }
  return found;
}

}  // namespace lafs
