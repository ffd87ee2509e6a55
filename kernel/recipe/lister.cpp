#include <cmath>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/document.h"
#include "kernel/recipe/recipe.h"
#include "kernel/recipe/resolver.h"

namespace lafs {

namespace {

template <typename T>
std::string type_text(T* slot) {
  if constexpr (std::is_same_v<T, bool>) return "bool";
  if constexpr (std::is_same_v<T, int64_t>) return "integer";
  if constexpr (std::is_same_v<T, double>) return "real";
  if constexpr (std::is_same_v<T, std::string>) return "string";
  if constexpr (std::is_same_v<T, std::vector<bool>>) return "list of bools";
  if constexpr (std::is_same_v<T, std::vector<int64_t>>) return "list of integers";
  if constexpr (std::is_same_v<T, std::vector<double>>) return "list of reals";
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return "list of strings";
  if constexpr (std::is_same_v<T, Path>) return "path";
  if constexpr (std::is_same_v<T, std::vector<Path>>) return "list of paths";
  if constexpr (std::is_same_v<T, Schedule>) return "schedule";
  if constexpr (std::is_same_v<T, Table>) return "table";
  if constexpr (std::is_same_v<T, TableList>) return "list of tables";
  if constexpr (std::is_base_of_v<AnyUse, T>) return fmt::format("{} (a component)", slot->kind());
  if constexpr (std::is_base_of_v<AnyUseList, T>) return fmt::format("list of {} (components)", slot->kind());
}

std::string rule_text(const Rule& rule) {
  std::vector<std::string> parts;
  if (rule.required) parts.push_back("required");
  if (!rule.choices.empty()) parts.push_back(fmt::format("one of \"{}\"", fmt::join(rule.choices, "\", \"")));
  if (std::isfinite(rule.low) && std::isfinite(rule.high)) {
    parts.push_back(fmt::format("in [{}, {}]", rule.low, rule.high));
  } else if (std::isfinite(rule.low)) {
    parts.push_back(fmt::format("at least {}", rule.low));
  } else if (std::isfinite(rule.high)) {
    parts.push_back(fmt::format("at most {}", rule.high));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// Writes down what is declared, with the values it finds.
class Lister final : public Params {
 public:
  std::vector<OptionPage> pages;

 private:
  void visit(const Option& option) override {
    OptionPage page{std::string(option.key), "", "", rule_text(option.rule), std::string(option.doc), "", "", {}};
    page.type = std::visit([](auto* slot) { return type_text(slot); }, option.slot);
    page.inner = std::visit([](auto* slot) { return inner(*slot); }, option.slot);
    if (page.inner.empty() && !option.rule.required) page.fallback = fallback(option);
    if (option.quirk) {
      page.quirk = option.quirk->id;
      page.corrected = option.quirk->corrected;
    }
    pages.push_back(std::move(page));
  }

  static std::string fallback(const Option& option) {
    if (const auto* use = std::get_if<AnyUse*>(&option.slot)) return (*use)->empty() ? "" : fmt::format("\"{}\"", (*use)->name);
    if (const auto* uses = std::get_if<AnyUseList*>(&option.slot)) return (*uses)->size() == 0 ? "[]" : named(**uses);
    Resolver resolver;
    std::visit([&](auto* slot) { show(resolver, option.key, *slot); }, option.slot);
    const Node* value = resolver.table.find(option.key);
    return value ? inline_text(*value) : "";
  }

  static std::string named(AnyUseList& uses) {
    std::vector<std::string> names;
    for (size_t i = 0; i < uses.size(); ++i) names.push_back(fmt::format("\"{}\"", uses.at(i).name));
    return fmt::format("[{}]", fmt::join(names, ", "));
  }

  template <typename T>
  static void show(Resolver& resolver, std::string_view key, T& value) {
    if constexpr (!std::is_abstract_v<T>) resolver(key, value, "");
  }

  template <typename T>
  static std::vector<OptionPage> inner(T& value) {
    Lister lister;
    if constexpr (std::is_same_v<T, Table>) value.declare(lister);
    if constexpr (std::is_same_v<T, TableList>) value.declare_blank(lister);
    return std::move(lister.pages);
  }
};

}  // namespace

std::vector<OptionPage> list_options(const Configured& options) {
  Lister lister;
  options.copy()->declare(lister);
  return std::move(lister.pages);
}

std::vector<OptionPage> list_options(Table& table) {
  Lister lister;
  table.declare(lister);
  return std::move(lister.pages);
}

}  // namespace lafs
