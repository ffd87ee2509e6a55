#include "kernel/recipe/document.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "formats/text_file.h"
#include "kernel/recipe/option_types.h"

namespace lafs {

namespace {

/// Turns nodes of toml++ into ours.
class Importer {
 public:
  /// Of a file.
  Importer(std::string file, std::filesystem::path folder) : file_(std::move(file)), folder_(std::move(folder)) {}
  /// Of a value that has one position, whatever lies in it.
  Importer(Position whole, std::filesystem::path folder) : folder_(std::move(folder)), whole_(std::move(whole)) {}

  Position position(const toml::source_region& region) const {
    if (whole_) return *whole_;
    return {file_, static_cast<int64_t>(region.begin.line), static_cast<int64_t>(region.begin.column)};
  }

  Node node(const toml::node& from) const {
    Node made;
    made.position = made.key = position(from.source());
    made.folder = folder_;
    from.visit([&](const auto& value) { made.value = content(value); });
    if (const auto* table = from.as_table()) made.brief = table->is_inline();
    return made;
  }

 private:
  Node::List content(const toml::array& array) const {
    Node::List items;
    for (const toml::node& item : array) items.push_back(node(item));
    return items;
  }
  Node::Fields content(const toml::table& table) const {
    Node::Fields fields;
    for (auto&& [key, value] : table) {
      Field& field = fields.emplace_back(Field{std::string(key.str()), node(value)});
      field.value.key = position(key.source());
      // A table that only dotted keys mention has no position of its own.
      if (!whole_ && field.value.position.line == 0) field.value.position = field.value.key;
    }
    return fields;
  }
  template <typename T>
  decltype(Node::value) content(const toml::value<T>& value) const {
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, int64_t> || std::is_same_v<T, double> || std::is_same_v<T, std::string>) {
      return value.get();
    } else {
      return Node::Time();
    }
  }

  std::string file_;
  std::filesystem::path folder_;
  std::optional<Position> whole_;
};

std::string lower_first(std::string_view text) {
  std::string out(text);
  if (!out.empty()) out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
  return out;
}

}  // namespace

const Node* Node::find(std::string_view name) const {
  if (!fields()) return nullptr;
  const auto found = std::find_if(fields()->begin(), fields()->end(), [&](const Field& field) { return field.name == name; });
  return found == fields()->end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view name) { return const_cast<Node*>(std::as_const(*this).find(name)); }

Node& Node::put(std::string_view name, Node node) {
  if (Node* old = find(name)) return *old = std::move(node);
  return fields()->emplace_back(Field{std::string(name), std::move(node)}).value;
}

void Node::erase(std::string_view name) {
  if (fields()) std::erase_if(*fields(), [&](const Field& field) { return field.name == name; });
}

bool same_value(const Node& a, const Node& b) {
  if (a.value.index() != b.value.index()) return false;
  if (a.fields()) {
    return a.fields()->size() == b.fields()->size() && std::all_of(a.fields()->begin(), a.fields()->end(), [&](const Field& field) {
             const Node* other = b.find(field.name);
             return other && same_value(field.value, *other);
           });
  }
  if (a.list()) return std::equal(a.list()->begin(), a.list()->end(), b.list()->begin(), b.list()->end(), same_value);
  return inline_text(a) == inline_text(b);
}

void flatten(const Node& table, const std::string& prefix, std::vector<Field>& out) {
  for (const Field& field : *table.fields()) {
    const std::string key = prefix.empty() ? field.name : prefix + "." + field.name;
    if (field.value.fields()) {
      flatten(field.value, key, out);
    } else {
      out.push_back({key, field.value});
    }
  }
}

std::string type_word(const Node& node) {
  const detail::Overloaded words{[](const Node::Time&) { return std::string("a time"); },
                                 [](const Node::List&) { return std::string("a list"); },
                                 [](const Node::Fields&) { return type_name<Table>.with_article(); },
                                 []<typename T>(const T&) { return type_name<T>.with_article(); }};
  return std::visit(words, node.value);
}

namespace {

/// What the TOML parser reads.
std::string plain_text_of(std::string_view text, const std::string& file) {
  try {
    return formats::plain_text(text);
  } catch (const Error& e) {
    throw RecipeError({fmt::format("{}:1:1: error: {}", file, e.what())});
  }
}

}  // namespace

Node parse_toml(std::string_view text, const std::string& file, const std::filesystem::path& folder) {
  const Importer importer(file, folder);
  try {
    return importer.node(toml::parse(plain_text_of(text, file)));
  } catch (const toml::parse_error& e) {
    Diagnostics diagnostics;
    diagnostics.error(importer.position(e.source()), "is not TOML: " + lower_first(e.description()));
    diagnostics.throw_if_any();
    throw;
  }
}

Node parse_value(const Position& where, const std::string& value) {
  namespace fs = std::filesystem;
  const Importer importer(where, where.line > 0 ? fs::path(where.file).parent_path() : fs::current_path());
  try {
    const toml::table document = toml::parse("value = " + value);
    // "1\nb = 2" is more than one value, and no option takes a date: both are read as strings.
    if (document.size() == 1) {
      Node node = importer.node(*document.get("value"));
      if (!std::holds_alternative<Node::Time>(node.value)) return node;
    }
  } catch (const toml::parse_error& e) {
    // Not TOML: a bare string, as people write on a command line, or a table or list that was begun.
    const size_t first = value.find_first_not_of(" \t");
    if (first != std::string::npos && (value[first] == '{' || value[first] == '['))
      throw RecipeError({fmt::format("{}: error: is not a valid TOML table or list: {}; a string that begins with \"{}\" must be quoted",
                                     where.text(), lower_first(e.description()), value[first])});
  }
  return importer.node(toml::value<std::string>(value));
}

}  // namespace lafs
