#include "kernel/recipe/layers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/overlay.h"
#include "kernel/recipe/paths.h"
#include "kernel/recipe/rehearsal.h"
#include "kernel/recipe/tables.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// The text of a file; nothing where it cannot be read.
std::optional<std::string> file_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text;
  std::array<char, 4096> part;
  while (in.read(part.data(), part.size()), in.gcount() > 0) text.append(part.data(), static_cast<size_t>(in.gcount()));
  return in.bad() ? std::nullopt : std::optional(std::move(text));
}

/// Tables that speak of settings get dotted keys, so that layers of a recipe are merged by them.
void flatten_settings(Node& tree) {
  for (const RecipeTable& kind : recipe_tables()) {
    Node* table = kind.has_dotted_keys() ? tree.find(kind.name) : nullptr;
    if (!table || !table->fields()) continue;
    Node::Fields flat;
    flatten(*table, "", flat);
    table->value = std::move(flat);
  }
}

/// Reads a file and its bases.
class LayerReader {
 public:
  explicit LayerReader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  Node read(std::string_view text, const fs::path& file) {
    chain_.push_back(file);
    Node own = parse_toml(text, file.string(), file.parent_path());
    flatten_settings_of_all(own);
    Node whole = on_bases(own, {own});
    chain_.pop_back();
    return whole;
  }

  /// The bases of `own`, with `tops` over them in their order.
  Node on_bases(const Node& own, std::vector<Node> tops) {
    std::vector<Node> bases;
    Position where;
    bool complete = true;
    for (const Node& base : named_bases(own)) {
      where = base.position;
      auto layer = read_base(base);
      complete = complete && layer;
      if (layer) bases.push_back(std::move(*layer));
    }
    // Without a base, most further mistakes would only follow from its absence.
    if (!complete) diagnostics_.throw_if_any();
    for (Node& top : tops) top.erase("base");
    if (bases.empty()) {
      bases.push_back(std::move(tops.front()));
      tops.erase(tops.begin());
    }
    // Each base gets the tops first: a key that these set cannot be a conflict between two bases.
    for (Node& base : bases) {
      if (bases.size() > 1) base.erase("title");
      for (const Node& top : tops) overlay(base, top, "", diagnostics_);
    }
    for (size_t i = 1; i < bases.size(); ++i) join(bases[0], bases[i], "", where, diagnostics_);
    return std::move(bases[0]);
  }

  /// A stage of the row `file`: its bases, then `common`, then its own keys.
  Node read_stage(Node stage, Node common, const fs::path& file) {
    chain_.push_back(file);
    Node own = stage;
    own.erase("name");
    return on_bases(stage, {std::move(common), std::move(own)});
  }

 private:
  /// Those of the stages of a row too.
  static void flatten_settings_of_all(Node& own) {
    flatten_settings(own);
    Node* stages = own.find("stage");
    if (!stages || !stages->list()) return;
    for (Node& stage : *stages->list()) flatten_settings(stage);
  }

  std::vector<Node> named_bases(const Node& own) {
    const Node* base = own.find("base");
    if (!base) return {};
    std::vector<Node> names = base->list() ? *base->list() : std::vector<Node>{*base};
    const bool strings = std::all_of(names.begin(), names.end(), [](const Node& name) { return name.string(); });
    if (strings) return names;
    diagnostics_.error(base->position, "base must be the name of a file, or a list of names");
    return {};
  }

  std::optional<Node> read_base(const Node& base) {
    const fs::path file = (base.folder / *base.string()).lexically_normal();
    std::error_code code;
    const auto same = [&](const fs::path& other) { return other == file || fs::equivalent(other, file, code); };
    if (const auto first = std::find_if(chain_.begin(), chain_.end(), same); first != chain_.end()) {
      std::vector<std::string> names;
      for (auto step = first; step != chain_.end(); ++step) names.push_back(step->string());
      names.push_back(file.string());
      diagnostics_.error(base.position, fmt::format("\"{}\" is a base of itself: {}", *base.string(), fmt::join(names, " -> ")));
      return std::nullopt;
    }
    if (!fs::is_regular_file(file, code)) {
      diagnostics_.error(base.position, fmt::format("base \"{}\" does not exist: no file \"{}\"", *base.string(), file.string()));
      return std::nullopt;
    }
    const auto text = file_text(file);
    if (!text) {
      diagnostics_.error(base.position, fmt::format("base \"{}\" cannot be read: {}", *base.string(), std::strerror(errno)));
      return std::nullopt;
    }
    return read(*text, file);
  }

  Diagnostics& diagnostics_;
  std::vector<fs::path> chain_;
};

bool is_key(const std::string& key) {
  return !key.empty() && key.front() != '.' && key.back() != '.' && key.find("..") == std::string::npos;
}

/// The node of a dotted key, made with the tables on the way to it.
Node& node_at(Node& tree, const std::string& key, const Position& position) {
  Node* at = &tree;
  for (size_t start = 0; start <= key.size();) {
    const size_t end = std::min(key.find('.', start), key.size());
    const std::string name = key.substr(start, end - start);
    if (!at->fields()) at->value = Node::Fields();
    Node* next = at->find(name);
    if (!next) next = &at->put(name, {});
    next->position = next->key = position;
    at = next;
    start = end + 1;
  }
  return *at;
}

/// A table whose keys are 0, 1, ... becomes a list.
void count_lists(Node& node) {
  if (!node.fields()) return;
  for (Field& field : *node.fields()) count_lists(field.value);
  Node::List items;
  for (const Field& field : *node.fields()) {
    if (index_of(field.name) != items.size()) return;
    items.push_back(field.value);
  }
  if (!items.empty()) node.value = std::move(items);
}

void lay_over(Document& document, Node& tree) {
  flatten_settings(tree);
  overlay(document.tree, tree, "", document.mistakes);
  for (Field& field : *document.tree.fields()) count_lists(field.value);
}

void apply_overrides(Document& document, const RecipeContext& context, const std::string& stage) {
  Node tree;
  for (const auto& [written, value] : context.overrides) {
    const bool of_stage = !stage.empty() && written.starts_with(stage + ".");
    const std::string key = of_stage ? written.substr(stage.size() + 1) : written;
    const Position place = context.place_of(written);
    if (key == "base" || key.starts_with("base.")) {
      document.mistakes.error(place, "base can only be set in a recipe file");
    } else if (is_key(key)) {
      Node node = parse_value(place, value);
      node_at(tree, key, node.position) = node;
    } else {
      document.mistakes.error(place, fmt::format("\"{}\" is not a key", written));
    }
  }
  lay_over(document, tree);
}

/// The smaller settings of a rehearsal, those of the command line still over them.
void apply_rehearsal(Document& document) {
  Node tree;
  for (const auto& [key, value] : rehearsal_settings(document.tree)) node_at(tree, key, value.position) = value;
  lay_over(document, tree);
}

}  // namespace

Document read_document(const fs::path& file) {
  if (const std::string fault = file_fault(file); !fault.empty()) throw RecipeError({fmt::format("{}: error: {}", file.string(), fault)});
  const auto text = file_text(file);
  if (!text) throw RecipeError({fmt::format("{}: error: cannot be read: {}", file.string(), std::strerror(errno))});
  return read_document(*text, file.string());
}

Document read_document(std::string_view text, const std::string& name) {
  Document document;
  document.file = name;
  document.tree = LayerReader(document.mistakes).read(text, name);
  return document;
}

Document read_stage_document(const Node& stage, const Node& common, const fs::path& file) {
  Document document;
  document.file = file;
  document.tree = LayerReader(document.mistakes).read_stage(stage, common, file);
  return document;
}

void apply_context(Document& document, const RecipeContext& context, const std::string& stage) {
  if (!context.rehearsal.empty()) apply_rehearsal(document);
  apply_overrides(document, context, stage);
  document.roots = read_roots(document.tree, context.data_root, document.mistakes);
  if (!context.rehearsal.empty()) document.roots = rehearsal_roots(document.roots, context.rehearsal);
}

bool is_row(const Document& document) { return document.tree.find("row") || document.tree.find("stage"); }

bool is_grid(const Document& document) { return document.tree.find("grid"); }

}  // namespace lafs
