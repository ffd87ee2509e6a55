#include "kernel/recipe/resolver.h"

#include <type_traits>
#include <utility>

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

Node slot_node(auto* slot) {
  using T = std::remove_pointer_t<decltype(slot)>;
  if constexpr (std::is_same_v<T, AnyUse>) {
    return slot->empty() ? node_of(std::string()) : resolved_use(*slot);
  } else if constexpr (std::is_same_v<T, AnyUseList> || std::is_same_v<T, TableList>) {
    return list_node(*slot);
  } else if constexpr (std::is_same_v<T, Table>) {
    return table_node(*slot);
  } else if constexpr (std::is_same_v<T, Schedule>) {
    return schedule_node(*slot);
  } else {
    return node_of(*slot);
  }
}

}  // namespace

void Resolver::visit(const Option& option) {
  Node node = std::visit([](auto* slot) { return slot_node(slot); }, option.slot);
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

Node schedule_node(const Schedule& schedule) {
  if (schedule.shape == "constant") return node_of(schedule.from);
  Node table;
  table.brief = true;
  table.put("shape", node_of(schedule.shape));
  table.put("from", node_of(schedule.from));
  table.put("to", node_of(schedule.to));
  table.put("warmup_epochs", node_of(schedule.warmup_epochs));
  table.put("warmup_from", node_of(schedule.warmup_from));
  return table;
}

}  // namespace lafs
