#include "kernel/recipe/reader.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "kernel/recipe/option_types.h"
#include "kernel/recipe/paths.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

std::string in_brackets(std::string_view doc) { return doc.empty() ? "" : fmt::format(" ({})", doc); }

}  // namespace

Reader::Reader(const ReadContext& context, const Node* table, Position position, std::string owner, std::string noun)
    : context_(context), table_(table), position_(std::move(position)), owner_(std::move(owner)), noun_(std::move(noun)) {}

bool Reader::knows(std::string_view key) const { return std::find(known_.begin(), known_.end(), key) != known_.end(); }

void Reader::finish() {
  if (!table_ || !table_->fields()) return;
  for (const auto& [name, value] : *table_->fields()) {
    if (knows(name)) continue;
    context_.diagnostics.error(value.key, fmt::format("{} has no {} \"{}\"{}", owner_, noun_, name, suggestion(name, known_)));
  }
}

void Reader::visit(const Option& option) {
  const std::string key(option.key);
  if (knows(key)) {
    context_.diagnostics.error(position_, fmt::format("{} declares \"{}\" twice", owner_, key));
    return;
  }
  known_.push_back(key);
  const Node* node = table_ ? table_->find(key) : nullptr;
  const auto missing = [&] {
    if (!node && option.rule.required)
      context_.diagnostics.error(position_, fmt::format("{} needs \"{}\"{}", owner_, key, in_brackets(option.doc)));
    return !node;
  };
  const auto read_all = [&](auto& list) {
    missing();
    read_list(list, node, option);
  };
  by_type(
      option.slot,
      [&](AnyUse& use) {
        if (!use.empty() || !missing()) read_use(context_, node, position_, use);
      },
      [&](AnyUseList& list) { read_all(list); }, [&](TableList& list) { read_all(list); },
      [&](Table& table) { read_table(table, node, option); },
      [&](auto& value) {
        if (!missing()) read(value, *node, option, key);
      });
}

void Reader::wrong_type(const Node& node, const std::string& name, std::string_view expected) {
  const std::string value = node.fields() || node.list() || std::holds_alternative<Node::Time>(node.value) ? "" : " = " + inline_text(node);
  context_.diagnostics.error(node.position, fmt::format("{}{} is {}, not {}", name, value, type_word(node), expected));
}

bool Reader::in_range(double value, const Node& node, const Option& option, const std::string& name) {
  const auto& [low, high] = std::pair(option.rule.low, option.rule.high);
  if (value >= low && value <= high && std::isfinite(value)) return true;
  std::string sentence;
  if (std::isnan(value)) {
    sentence = "is not a number";
  } else if (std::isinf(value)) {
    sentence = "is not a finite number";
  } else if (std::isinf(high)) {
    sentence = fmt::format("is less than {}", low);
  } else if (std::isinf(low)) {
    sentence = fmt::format("is more than {}", high);
  } else {
    sentence = fmt::format("is outside [{}, {}]", low, high);
  }
  context_.diagnostics.error(node.position, fmt::format("{} = {} {}{}", name, inline_text(node), sentence, in_brackets(option.doc)));
  return false;
}

void Reader::read(bool& member, const Node& node, const Option&, const std::string& name) {
  if (const auto* value = std::get_if<bool>(&node.value)) {
    member = *value;
  } else {
    wrong_type(node, name, type_name<bool>.with_article());
  }
}

void Reader::read(int64_t& member, const Node& node, const Option& option, const std::string& name) {
  if (const auto* value = std::get_if<int64_t>(&node.value)) {
    if (in_range(static_cast<double>(*value), node, option, name)) member = *value;
  } else {
    wrong_type(node, name, type_name<int64_t>.with_article());
  }
}

void Reader::read(double& member, const Node& node, const Option& option, const std::string& name) {
  double value = 0;
  if (const auto* real = std::get_if<double>(&node.value)) {
    value = *real;
  } else if (const auto* integer = std::get_if<int64_t>(&node.value)) {
    value = static_cast<double>(*integer);
  } else {
    wrong_type(node, name, type_name<double>.with_article());
    return;
  }
  if (in_range(value, node, option, name)) member = value;
}

void Reader::read(std::string& member, const Node& node, const Option& option, const std::string& name) {
  const std::string* value = node.string();
  if (!value) {
    wrong_type(node, name, type_name<std::string>.with_article());
    return;
  }
  const auto& choices = option.rule.choices;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), *value) == choices.end()) {
    context_.diagnostics.error(node.position,
                               fmt::format("{} = {} is not a choice{}", name, inline_text(node), suggestion(*value, choices)));
    return;
  }
  member = *value;
}

void Reader::read(Path& member, const Node& node, const Option&, const std::string& name) {
  if (node.string()) {
    member.value = resolve_path(node, context_.roots, context_.diagnostics);
  } else {
    wrong_type(node, name, type_name<Path>.with_article());
  }
}

template <typename T>
void Reader::read(std::vector<T>& member, const Node& node, const Option& option, const std::string& name) {
  if (!node.list()) {
    wrong_type(node, name, "a " + type_name<T>.list());
    return;
  }
  std::vector<T> items;
  for (const Node& item : *node.list()) {
    T value{};
    read(value, item, option, fmt::format("{}[{}]", name, items.size()));
    items.push_back(value);
  }
  member = std::move(items);
}

Reader Reader::inner(std::string_view key, const Node* node) const {
  return Reader(context_, node, node ? node->position : position_, fmt::format("\"{}\" of {}", key, owner_), "key");
}

void Reader::read(Schedule& member, const Node& node, const Option& option, const std::string& name) {
  if (node.fields()) {
    read_curve(member, node, option, name);
  } else if (std::holds_alternative<int64_t>(node.value) || std::holds_alternative<double>(node.value)) {
    double value = member.from;
    read(value, node, option, name);
    member = Schedule(value);
  } else {
    wrong_type(node, name, type_name<Schedule>.with_article() + " (a number or a table)");
  }
}

/// A table with a shape is a curve of its own; without one it changes the default's.
void Reader::read_curve(Schedule& member, const Node& node, const Option& option, const std::string& name) {
  const bool complete = node.find("shape");
  Schedule curve = complete ? Schedule() : member;
  Rule values = in(option.rule.low, option.rule.high);
  values.required = complete;
  Reader table = inner(name, &node);
  curve.declare(table, values, option.doc);
  table.finish();
  const Node* shape = node.find("shape");
  if (shape && (!shape->string() || *shape->string() != curve.shape)) return;  // it is not a shape, and said to be none
  for (const auto& [key, value] : *node.fields()) {
    if (table.knows(key) && !curve.takes(key))
      context_.diagnostics.error(value.key, fmt::format("\"{}\" of {}: shape \"{}\" takes no \"{}\"", name, owner_, curve.shape, key));
  }
  check_curve(curve, node, name);
  member = curve.shape == "constant" ? Schedule(curve.from) : curve;
}

/// What the rules of single keys cannot say.
void Reader::check_curve(const Schedule& curve, const Node& node, const std::string& name) {
  const auto beyond = [&](const char* key, double epochs) {
    const Node* written = node.find(key);
    if (!written || !context_.epochs || epochs <= static_cast<double>(*context_.epochs)) return;
    context_.diagnostics.error(written->position,
                               fmt::format("{} = {} is more than the {} epochs of the run", key, inline_text(*written), *context_.epochs));
  };
  // "epoch_linear" is the curve of a teacher's temperature, which an objective refuses itself or shortens to the run (quirk P12).
  if (curve.shape != "epoch_linear") beyond("warmup_epochs", curve.warmup_epochs);
  if (curve.shape != "multi_step") return;
  if (curve.milestones.empty()) {
    context_.diagnostics.error(node.position, fmt::format("\"{}\" of {}: shape \"multi_step\" needs \"milestones\"", name, owner_));
  } else if (std::ranges::adjacent_find(curve.milestones, std::greater_equal<>()) != curve.milestones.end()) {
    context_.diagnostics.error(node.find("milestones")->position,
                               fmt::format("milestones = {} do not rise", inline_text(*node.find("milestones"))));
  } else {
    beyond("milestones", curve.milestones.back());
  }
}

void Reader::read_list(AnyUseList& list, const Node* node, const Option& option) {
  if (!node) {
    for (size_t i = 0; i < list.size(); ++i) read_use(context_, nullptr, position_, list.at(i));
    return;
  }
  if (!node->list()) {
    wrong_type(*node, std::string(option.key), fmt::format("a list of {}", list.kind()));
    return;
  }
  list.clear();
  for (const Node& item : *node->list()) read_use(context_, &item, item.position, list.add());
}

void Reader::read_list(TableList& list, const Node* node, const Option& option) {
  if (node && !node->list()) {
    wrong_type(*node, std::string(option.key), "a " + type_name<Table>.list());
    return;
  }
  if (node) {
    list.resize(0);
    list.resize(node->list()->size());
  }
  for (size_t i = 0; i < list.size(); ++i) {
    const Node* item = node ? &(*node->list())[i] : nullptr;
    if (item && !item->fields()) {
      wrong_type(*item, fmt::format("{}[{}]", option.key, i), type_name<Table>.with_article());
      continue;
    }
    // An item of the defaults is complete: there is no table in which a key could be missing.
    if (!item) continue;
    Reader reader = inner(option.key, item);
    list.declare(i, reader);
    reader.finish();
  }
}

void Reader::read_table(Table& table, const Node* node, const Option& option) {
  if (node && !node->fields()) {
    wrong_type(*node, std::string(option.key), type_name<Table>.with_article());
    return;
  }
  Reader reader = inner(option.key, node);
  table.declare(reader);
  reader.finish();
}

void read_use(const ReadContext& context, const Node* node, const Position& where, AnyUse& use,
              const std::function<void(Params&)>& beside) {
  const std::string kind(use.kind());
  const Node* table = node && node->fields() ? node : nullptr;
  const Node* name = table ? table->find("use") : node;
  const Position position = node ? node->position : where;
  if (name && !name->string()) {
    context.diagnostics.error(name->position,
                              fmt::format("{} is named by a string or a table with \"use\", not by {}", kind, type_word(*name)));
    return;
  }
  if (name) use.name = *name->string();
  use.options.reset();
  const RegistryEntry* entry = context.registry.find(kind, use.name);
  Reader reader(context, table, position, fmt::format("{} \"{}\"", kind, use.name), "parameter");
  reader.allow("use");
  if (beside) beside(reader);
  if (use.name.empty() && name && !table) return;  // "" where a default may be left out
  if (!entry) {
    std::string nearest = suggestion(use.name, context.registry.names(kind));
    if (!use.name.empty() && nearest.starts_with("; one of"))
      nearest += "; plugins of your own are found in the folders of LAFS_PLUGIN_PATH, or named by [run] plugins";
    context.diagnostics.error(name ? name->position : position, use.name.empty() ? fmt::format("{} has no \"use\"{}", kind, nearest)
                                                                                 : fmt::format("no {} \"{}\"{}", kind, use.name, nearest));
    return;
  }
  std::shared_ptr<Configured> options = entry->registration.defaults->copy();
  options->declare(reader);
  reader.finish();
  use.options = std::move(options);
  use.position = position.text();
  use.revision = entry->registration.revision;
}

void read_options(std::string_view toml, const std::string& name, AnyUse& use, const Registry& registry, bool corrected) {
  Diagnostics diagnostics;
  const Roots no_roots;
  const Node document = parse_toml(toml, name, std::filesystem::path(name).parent_path());
  read_use({diagnostics, registry, no_roots, corrected, std::nullopt}, &document, document.position, use);
  diagnostics.throw_if_any();
}

}  // namespace lafs
