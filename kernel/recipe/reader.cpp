#include "kernel/recipe/reader.h"
#include "lafs/suggestion.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <fmt/format.h>

namespace lafs {

namespace fs = std::filesystem;

namespace {

std::string in_brackets(std::string_view doc) { return doc.empty() ? "" : fmt::format(" ({})", doc); }

std::string absolute_text(const fs::path& path) {
  std::string text = fs::absolute(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

template <typename Slot>
std::string_view list_word() {
  if constexpr (std::is_same_v<Slot, bool>) return "a list of bools";
  if constexpr (std::is_same_v<Slot, int64_t>) return "a list of integers";
  if constexpr (std::is_same_v<Slot, double>) return "a list of reals";
  if constexpr (std::is_same_v<Slot, std::string>) return "a list of strings";
  return "a list of paths";
}

}  // namespace

Reader::Reader(const ReadContext& context, const Node* table, Position position, std::string owner, std::string noun)
    : context_(context), table_(table), position_(std::move(position)), owner_(std::move(owner)), noun_(std::move(noun)) {}

void Reader::finish() {
  if (!table_ || !table_->fields()) return;
  for (const auto& [name, value] : *table_->fields()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    context_.diagnostics.error(value.key, fmt::format("{} has no {} \"{}\"{}", owner_, noun_, name, suggestion(name, known_)));
  }
}

void Reader::visit(const Option& option) {
  const std::string key(option.key);
  if (std::find(known_.begin(), known_.end(), key) != known_.end()) {
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
  const auto read_slot = [&](auto* slot) {
    using T = std::remove_pointer_t<decltype(slot)>;
    if constexpr (std::is_same_v<T, AnyUse>) {
      if (!slot->empty() || !missing()) read_use(context_, node, position_, *slot);
    } else if constexpr (std::is_same_v<T, AnyUseList> || std::is_same_v<T, TableList>) {
      missing();
      read_list(*slot, node, option);
    } else if constexpr (std::is_same_v<T, Table>) {
      read_table(*slot, node, option);
    } else if (!missing()) {
      read(*slot, *node, option, key);
    }
  };
  std::visit(read_slot, option.slot);
}

void Reader::wrong_type(const Node& node, const std::string& name, std::string_view expected) {
  const std::string value = node.fields() || node.list() || std::holds_alternative<Node::Time>(node.value) ? "" : " = " + inline_text(node);
  context_.diagnostics.error(node.position, fmt::format("{}{} is {}, not {}", name, value, type_word(node), expected));
}

bool Reader::in_range(double value, const Node& node, const Option& option, const std::string& name) {
  const auto& [low, high] = std::pair(option.rule.low, option.rule.high);
  if (value >= low && value <= high) return true;
  std::string sentence;
  if (std::isnan(value)) {
    sentence = "is not a number";
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
    wrong_type(node, name, "a bool");
  }
}

void Reader::read(int64_t& member, const Node& node, const Option& option, const std::string& name) {
  if (const auto* value = std::get_if<int64_t>(&node.value)) {
    if (in_range(static_cast<double>(*value), node, option, name)) member = *value;
  } else {
    wrong_type(node, name, "an integer");
  }
}

void Reader::read(double& member, const Node& node, const Option& option, const std::string& name) {
  double value = 0;
  if (const auto* real = std::get_if<double>(&node.value)) {
    value = *real;
  } else if (const auto* integer = std::get_if<int64_t>(&node.value)) {
    value = static_cast<double>(*integer);
  } else {
    wrong_type(node, name, "a real");
    return;
  }
  if (in_range(value, node, option, name)) member = value;
}

void Reader::read(std::string& member, const Node& node, const Option& option, const std::string& name) {
  const std::string* value = node.string();
  if (!value) {
    wrong_type(node, name, "a string");
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
    member.value = resolve_path(context_, node);
  } else {
    wrong_type(node, name, "a path");
  }
}

template <typename T>
void Reader::read(std::vector<T>& member, const Node& node, const Option& option, const std::string& name) {
  if (!node.list()) {
    wrong_type(node, name, list_word<T>());
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

const std::vector<std::string>& schedule_shapes() {
  static const std::vector<std::string> shapes{"constant", "cosine", "two_sided_cosine", "epoch_linear", "finetune", "finetune_corrected"};
  return shapes;
}

void Reader::read(Schedule& member, const Node& node, const Option& option, const std::string& name) {
  if (!node.fields()) {
    if (std::holds_alternative<int64_t>(node.value) || std::holds_alternative<double>(node.value)) {
      double value = member.from;
      read(value, node, option, name);
      member = Schedule(value);
    } else {
      wrong_type(node, name, "a schedule (a number or a table)");
    }
    return;
  }
  Schedule read_in = member;
  Reader table = inner(name, &node);
  if (node.find("shape")) read_in = Schedule();
  Rule shapes;
  shapes.choices = schedule_shapes();
  table("shape", read_in.shape, shapes, "form of the curve");
  table("from", read_in.from, node.find("shape") ? option.rule.needed() : in(option.rule.low, option.rule.high), option.doc);
  table("to", read_in.to, in(option.rule.low, option.rule.high), option.doc);
  table("warmup_epochs", read_in.warmup_epochs, at_least(0), "epochs until the curve reaches from");
  table("warmup_from", read_in.warmup_from, "value at the first step of the warm-up");
  table.finish();
  if (read_in.shape == "constant") {
    for (const char* key : {"to", "warmup_epochs", "warmup_from"}) {
      if (const Node* unused = node.find(key))
        context_.diagnostics.error(unused->key, fmt::format("\"{}\" of {}: a constant takes no \"{}\"", name, owner_, key));
    }
    read_in = Schedule(read_in.from);
  }
  const Node* warmup = node.find("warmup_epochs");
  if (warmup && context_.epochs && read_in.warmup_epochs > static_cast<double>(*context_.epochs)) {
    context_.diagnostics.error(
        warmup->position, fmt::format("warmup_epochs = {} is more than the {} epochs of the run", inline_text(*warmup), *context_.epochs));
  }
  member = read_in;
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
    wrong_type(*node, std::string(option.key), "a list of tables");
    return;
  }
  if (node) {
    list.resize(0);
    list.resize(node->list()->size());
  }
  for (size_t i = 0; i < list.size(); ++i) {
    const Node* item = node ? &(*node->list())[i] : nullptr;
    if (item && !item->fields()) {
      wrong_type(*item, fmt::format("{}[{}]", option.key, i), "a table");
      continue;
    }
    // Items of the defaults are complete by themselves: there is no table that could miss anything.
    if (!item) continue;
    Reader reader = inner(option.key, item);
    list.declare(i, reader);
    reader.finish();
  }
}

void Reader::read_table(Table& table, const Node* node, const Option& option) {
  if (node && !node->fields()) {
    wrong_type(*node, std::string(option.key), "a table");
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
    const std::string nearest = suggestion(use.name, context.registry.names(kind));
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

std::string resolve_path(const ReadContext& context, const Node& node) {
  const std::string& text = *node.string();
  if (text.empty()) return text;
  if (text[0] != '@') return absolute_text(node.folder / text);
  const size_t end = std::min(text.find('/'), text.size());
  const std::string root = text.substr(1, end - 1), rest = end < text.size() ? text.substr(end + 1) : "";
  if (const auto found = context.roots.find(root); found != context.roots.end()) {
    if (found->second.starts_with('@')) return rest.empty() ? found->second : found->second + "/" + rest;
    return absolute_text(fs::path(found->second) / rest);
  }
  if (root == "data") return text;
  std::vector<std::string> known{"data"};
  for (const auto& [name, value] : context.roots) {
    if (name != "data") known.push_back(name);
  }
  context.diagnostics.error(node.position,
                            fmt::format("\"{}\" begins with a root that [paths] does not have{}", text, suggestion(root, known)));
  return text;
}

}  // namespace lafs
