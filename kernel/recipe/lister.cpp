#include "kernel/recipe/lister.h"

#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/document.h"
#include "kernel/recipe/option_types.h"
#include "kernel/recipe/resolver.h"

namespace lafs {

namespace {

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

/// Lists what is declared, with the values it finds as defaults.
class Lister final : public Params {
 public:
  std::vector<OptionPage> pages;

 private:
  void visit(const Option& option) override {
    OptionPage page{std::string(option.key), "", "", rule_text(option.rule), std::string(option.doc), "", "", {}};
    page.type = type_text(option.slot);
    page.inner = inner(option.slot);
    if (page.inner.empty() && !option.rule.required) page.fallback = fallback(option);
    if (option.quirk) {
      page.quirk = option.quirk->id;
      page.corrected = option.quirk->corrected;
    }
    pages.push_back(std::move(page));
  }

  static std::string fallback(const Option& option) {
    return by_type(
        option.slot, [](AnyUse& use) { return use.empty() ? "" : fmt::format("\"{}\"", use.name); },
        [](AnyUseList& uses) { return named(uses); },  //
        [](Table&) { return std::string(); },          // its own options have their defaults
        [](TableList&) { return std::string(); },      //
        [&](auto& value) { return value_text(option.key, value); });
  }

  static std::string named(AnyUseList& uses) {
    std::vector<std::string> names;
    for (size_t i = 0; i < uses.size(); ++i) names.push_back(fmt::format("\"{}\"", uses.at(i).name));
    return fmt::format("[{}]", fmt::join(names, ", "));
  }

  static std::string value_text(std::string_view key, auto& value) {
    Resolver resolver;
    resolver(key, value, "");
    return inline_text(*resolver.table.find(key));
  }

  static std::vector<OptionPage> inner(const Slot& slot) {
    Lister lister;
    by_type(slot, [&](Table& table) { table.declare(lister); }, [&](TableList& tables) { tables.declare_blank(lister); }, [](auto&) {});
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
