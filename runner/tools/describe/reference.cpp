#include "runner/tools/describe/reference.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/recipe/name_map.h"
#include "kernel/recipe/resolver.h"
#include "kernel/recipe/tables.h"
#include "kernel/registry/python_class.h"

namespace lafs {

namespace {

/// The page of a recipe's table for the options that are not a plugin's.
ReferencePage table_page(const std::string& name) {
  struct Options final : Table {
    const RecipeTable& table;
    explicit Options(const RecipeTable& t) : table(t) {}
    void declare(Params& p) override { table.declare(p); }
  };
  Options options(recipe_table(name));
  return {"recipe", name, options.table.doc, "", 0, list_options(options)};
}

/// "shape, from, to, ...": the keys of a schedule's table.
std::string schedule_keys() {
  Resolver keys;
  Schedule().declare(keys, {}, "");
  std::vector<std::string> names;
  for (const Field& field : *keys.table.fields()) names.push_back(field.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

void collect_quirks(const ReferencePage& page, const std::vector<OptionPage>& options, const std::string& prefix,
                    std::vector<QuirkLine>& out) {
  for (const OptionPage& option : options) {
    if (!option.quirk.empty())
      out.push_back({option.quirk, fmt::format("{}.{}{}", page.name, prefix, option.key), option.fallback, option.corrected, option.doc});
    collect_quirks(page, option.inner, fmt::format("{}{}.", prefix, option.key), out);
  }
}

nlohmann::json options_json(const std::vector<OptionPage>& options) {
  nlohmann::json out = nlohmann::json::array();
  for (const OptionPage& option : options) {
    nlohmann::json item{
        {"key", option.key}, {"type", option.type}, {"default", option.fallback}, {"rule", option.rule}, {"doc", option.doc}};
    if (!option.quirk.empty()) item["quirk"] = {{"id", option.quirk}, {"corrected", option.corrected}};
    if (!option.inner.empty()) item["options"] = options_json(option.inner);
    out.push_back(std::move(item));
  }
  return out;
}

/// Text inside a table's cell: a bar would end it.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void markdown_rows(const std::vector<OptionPage>& options, const std::string& prefix, std::string& out) {
  for (const OptionPage& option : options) {
    const std::string quirk = option.quirk.empty() ? "" : fmt::format(" Quirk {}: corrected is `{}`.", option.quirk, option.corrected);
    const std::string fallback = option.fallback.empty() ? "" : fmt::format("`{}`", option.fallback);
    out += fmt::format("| `{}{}` | {} | {} | {} | {}.{} |\n", prefix, option.key, option.type, cell(fallback), cell(option.rule),
                       cell(option.doc), quirk);
    markdown_rows(option.inner, fmt::format("{}{}.", prefix, option.key), out);
  }
}

}  // namespace

std::vector<ReferencePage> reference_pages(const Registry& registry) {
  std::vector<ReferencePage> pages;
  for (const char* table : {"run", "input", "optimizer", "init", "evaluator"}) pages.push_back(table_page(table));
  for (const RegistryEntry* entry : registry.all()) {
    const Registration& r = entry->registration;
    pages.push_back(
        {r.kind, r.name, r.doc, entry->library.filename().string(), r.revision, list_options(*r.defaults), !python_class(*entry).empty()});
  }
  for (const auto& [name, file] : registry.maps()) pages.push_back({"name_map", name, read_name_map(file).doc, "", 0, {}});
  return pages;
}

std::vector<QuirkLine> quirks_of(const std::vector<ReferencePage>& pages) {
  std::vector<QuirkLine> lines;
  for (const ReferencePage& page : pages) collect_quirks(page, page.options, "", lines);
  std::stable_sort(lines.begin(), lines.end(), [](const QuirkLine& a, const QuirkLine& b) { return a.id < b.id; });
  return lines;
}

nlohmann::json reference_json(const std::vector<ReferencePage>& pages) {
  nlohmann::json out = nlohmann::json::array();
  for (const ReferencePage& page : pages) {
    nlohmann::json item{{"kind", page.kind},       {"name", page.name},         {"doc", page.doc},
                        {"library", page.library}, {"revision", page.revision}, {"options", options_json(page.options)}};
    if (page.kind == "backbone") item["python_class"] = page.python_class;
    out.push_back(std::move(item));
  }
  return out;
}

nlohmann::json quirks_json(const std::vector<ReferencePage>& pages) {
  nlohmann::json out = nlohmann::json::array();
  for (const QuirkLine& q : quirks_of(pages)) {
    out.push_back({{"id", q.id}, {"option", q.option}, {"published", q.published}, {"corrected", q.corrected}, {"doc", q.doc}});
  }
  return out;
}

std::string reference_markdown(const std::vector<ReferencePage>& pages) {
  std::string out =
      "# Reference\n\n"
      "Every recipe table and plugin with its options. Made by `build/bin/lafs describe --markdown`; a test compares.\n"
      "A schedule is a number or a table `{ " +
      schedule_keys() + " }` (see recipes.md).\n";
  for (const ReferencePage& page : pages) {
    out += fmt::format("\n## {} `{}`\n\n{}.\n", page.kind, page.name, page.doc);
    if (page.python_class) out += "\n`lafs export --python` writes it for PyTorch.\n";
    if (page.options.empty()) {
      out += "\nNo options.\n";
      continue;
    }
    out += "\n| key | type | default | rule | what |\n|---|---|---|---|---|\n";
    markdown_rows(page.options, "", out);
  }
  out +=
      "\n## Quirks\n\n`[run] behaviour` picks the default of them all; an explicit key wins.\n\n| quirk | option | published | corrected "
      "|\n|---|---|---|---|\n";
  for (const QuirkLine& q : quirks_of(pages)) out += fmt::format("| {} | `{}` | `{}` | `{}` |\n", q.id, q.option, q.published, q.corrected);
  return out;
}

}  // namespace lafs
