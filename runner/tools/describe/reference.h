#pragma once
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/recipe/lister.h"
#include "kernel/registry/registry.h"

namespace lafs {

/// The options of one plugin, of one table that is the runner's own (then `kind` is "recipe"), or a name map, which has none.
struct ReferencePage {
  std::string kind, name, doc;
  std::string library;  ///< file name; empty for the runner's own
  int64_t revision = 0;
  std::vector<OptionPage> options;
  bool python_class = false;  ///< `lafs export --python` writes it for PyTorch
};

struct QuirkLine {
  std::string id, option, published, corrected, doc;
};

/// The recipe's own tables first, then every plugin in the order of kinds and names, then the name maps.
std::vector<ReferencePage> reference_pages(const Registry& registry);
std::vector<QuirkLine> quirks_of(const std::vector<ReferencePage>& pages);

nlohmann::json reference_json(const std::vector<ReferencePage>& pages);
nlohmann::json quirks_json(const std::vector<ReferencePage>& pages);
/// docs/reference.md.
std::string reference_markdown(const std::vector<ReferencePage>& pages);

}  // namespace lafs
