#include "kernel/recipe/written.h"

#include <algorithm>

namespace lafs {

namespace {

void collect_written(const Node& node, const std::string& key, std::vector<std::string>& keys) {
  const auto* items = node.list();
  const bool tables = items && !items->empty() && std::all_of(items->begin(), items->end(), [](const Node& item) { return item.fields(); });
  if (node.fields()) {
    for (const auto& [name, value] : *node.fields()) collect_written(value, key + "." + name, keys);
  } else if (tables) {
    for (size_t i = 0; i < items->size(); ++i) collect_written((*items)[i], key + "." + std::to_string(i), keys);
  } else {
    keys.push_back(key);
  }
}

}  // namespace

std::vector<std::string> written_keys(const Node& recipe) {
  std::vector<std::string> keys;
  for (const auto& [name, value] : *recipe.fields()) {
    if (name != "title" && name != "paths" && name != "status" && name != "rehearsal") collect_written(value, name, keys);
  }
  return keys;
}

}  // namespace lafs
