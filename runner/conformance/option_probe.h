#pragma once
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/document.h"
#include "kernel/recipe/option_types.h"
#include "kernel/recipe/reader.h"
#include "kernel/registry/registry.h"
#include "lafs/params.h"

namespace lafs::conformance {

/// A use of a kind that is only known by name.
class NamedUse final : public AnyUse {
 public:
  NamedUse(std::string kind, std::string plugin) : kind_(std::move(kind)) { name = std::move(plugin); }
  std::string_view kind() const override { return kind_; }

 private:
  std::string kind_;
};

/// The plugin of an entry with the options of a text, which stands for the file `name`. Throws RecipeError.
inline NamedUse read_named(const RegistryEntry& entry, const Registry& registry, const std::string& toml, const std::string& name) {
  NamedUse use(entry.registration.kind, entry.registration.name);
  read_options(toml, name, use, registry);
  return use;
}

/// An option with a rule that can be tried: how a value of it is written.
struct ProbedOption {
  enum class Form { integer, real, text, other };
  std::vector<std::string> path;  ///< tables, then the key
  std::string doc;
  Rule rule;
  Form form = Form::other;
  bool list = false;

  std::string key() const { return fmt::format("{}", fmt::join(path, ".")); }
  Node value(double number) const {
    Node node;
    if (form == Form::integer) {
      node.value = static_cast<int64_t>(number);
    } else {
      node.value = number;
    }
    return wrapped(node);
  }
  Node value(const std::string& text) const {
    Node node;
    node.value = text;
    return wrapped(node);
  }

 private:
  Node wrapped(const Node& node) const {
    if (!list) return node;
    Node all;
    all.value = Node::List{node};
    return all;
  }
};

/// Every declared option, those of inner tables included.
class OptionProbe final : public Params {
 public:
  explicit OptionProbe(std::vector<std::string> path = {}) : path_(std::move(path)) {}
  std::vector<ProbedOption> options;

 private:
  void visit(const Option& option) override {
    ProbedOption probed;
    probed.path = path_;
    probed.path.emplace_back(option.key);
    probed.doc = option.doc;
    probed.rule = option.rule;
    look(probed, option.slot);
    options.push_back(probed);
    if (auto* const* table = std::get_if<Table*>(&option.slot)) {
      OptionProbe inner(probed.path);
      (*table)->declare(inner);
      options.insert(options.end(), inner.options.begin(), inner.options.end());
    }
  }
  bool keeps_values() const override { return true; }

  template <typename T>
  static constexpr ProbedOption::Form form_of = std::is_same_v<T, int64_t>       ? ProbedOption::Form::integer
                                                : std::is_same_v<T, double>      ? ProbedOption::Form::real
                                                : std::is_same_v<T, std::string> ? ProbedOption::Form::text
                                                                                 : ProbedOption::Form::other;

  static void look(ProbedOption& probed, const Slot& slot) {
    by_type(
        slot, [&](Schedule&) { probed.form = ProbedOption::Form::real; },
        [&]<typename T>(std::vector<T>&) {
          probed.form = form_of<T>;
          probed.list = true;
        },
        [&]<typename T>(T&) { probed.form = form_of<T>; });
  }

  std::vector<std::string> path_;
};

/// The TOML of a table with one option set.
inline std::string with_option(const std::string& toml, const ProbedOption& option, const Node& value) {
  Node document = parse_toml(toml, "example.toml", {});
  Node* table = &document;
  for (size_t i = 0; i + 1 < option.path.size(); ++i) {
    Node* inner = table->find(option.path[i]);
    table = inner ? inner : &table->put(option.path[i], Node());
  }
  table->put(option.path.back(), value);
  return document_text(document);
}

}  // namespace lafs::conformance
