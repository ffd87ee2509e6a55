#include "kernel/recipe/resolver.h"

#include <utility>

#include "kernel/recipe/option_types.h"

namespace lafs {

namespace {

template <typename T>
Node node_of(const T& value) {
  Node node;
  node.value = value;
  return node;
}
Node node_of(const Path& path) { return node_of(path.value); }

Node list_of(Node::List items) {
  Node node;
  node.value = std::move(items);
  return node;
}

template <typename T>
Node node_of(const std::vector<T>& items) {
  Node::List list;
  for (size_t i = 0; i < items.size(); ++i) list.push_back(node_of(static_cast<T>(items[i])));
  return list_of(std::move(list));
}

Node table_node(Table& table) {
  Resolver inner;
  table.declare(inner);
  return std::move(inner.table);
}

Node list_node(TableList& items) {
  Node::List list;
  for (size_t i = 0; i < items.size(); ++i) {
    Resolver inner;
    items.declare(i, inner);
    list.push_back(std::move(inner.table));
  }
  return list_of(std::move(list));
}

Node list_node(AnyUseList& items) {
  Node::List list;
  for (size_t i = 0; i < items.size(); ++i) list.push_back(resolved_use(items.at(i)));
  return list_of(std::move(list));
}

/// A number, or an inline table of what the shape takes.
Node schedule_node(Schedule schedule) {
  if (schedule.shape == "constant") return node_of(schedule.from);
  Resolver inner;
  schedule.declare(inner, {}, "");
  Node table;
  table.brief = true;
  for (auto& [key, value] : *inner.table.fields()) {
    if (schedule.takes(key)) table.put(key, std::move(value));
  }
  return table;
}

}  // namespace

void Resolver::visit(const Option& option) {
  Node node = by_type(
      option.slot, [](AnyUse& use) { return use.empty() ? node_of(std::string()) : resolved_use(use); },
      [](AnyUseList& uses) { return list_node(uses); }, [](Table& options) { return table_node(options); },
      [](TableList& tables) { return list_node(tables); }, [](Schedule& schedule) { return schedule_node(schedule); },
      [](auto& value) { return node_of(value); });
  node.affects_nothing = option.affects_nothing;
  table.put(option.key, std::move(node));
}

Node resolved_use(const AnyUse& use, const std::function<void(Params&)>& beside) {
  Resolver resolver;
  resolver.table.put("use", node_of(use.name));
  if (beside) beside(resolver);
  // A copy, because declaring hands out members that may be written to.
  if (use.options) use.options->copy()->declare(resolver);
  resolver.table.revision = use.revision;
  return std::move(resolver.table);
}

std::string options_text(const AnyUse& use) { return document_text(resolved_use(use)); }

}  // namespace lafs
