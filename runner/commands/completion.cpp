#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/recipe/document.h"
#include "kernel/recipe/row.h"
#include "runner/commands/command.h"
#include "runner/tools/describe/schema.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// Both shells ask the program that is being typed, which knows recipes and plugins. A key of --set ends with "=", after which no space may
// come.
constexpr const char* bash_script = R"SH(_lafs() {
  local IFS=$'\n'
  COMPREPLY=($("${1/#\~/$HOME}" complete "$COMP_CWORD" "${COMP_WORDS[@]}" 2>/dev/null))
  [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}
complete -o default -F _lafs lafs
)SH";
constexpr const char* zsh_script = R"SH(#compdef lafs
_lafs() {
  local -a found
  found=(${(f)"$(${~words[1]} complete $((CURRENT - 1)) "${words[@]}" 2>/dev/null)"})
  if ((${#found} == 0)); then
    _files
  elif [[ ${found[1]} == *= ]]; then
    compadd -S '' -- $found
  else
    compadd -- $found
  fi
}
compdef _lafs lafs
)SH";

/// Every key of a table as --set takes it: "run.epochs", "evaluator.0.genuine".
void flatten(const Node& node, const std::string& path, Words& out) {
  if (const auto* fields = node.fields()) {
    for (const Field& field : *fields) flatten(field.value, path.empty() ? field.name : path + "." + field.name, out);
  } else if (const auto* items = node.list(); items && !items->empty() && items->front().fields()) {
    for (size_t i = 0; i < items->size(); ++i) flatten((*items)[i], fmt::format("{}.{}", path, i), out);
  } else {
    out.push_back(path);
  }
}

/// What a command line that is not finished says so far.
class Completion {
 public:
  Completion(const CLI::App& app, Words words, size_t at, const Invocation& invocation)
      : app_(app), words_(std::move(words)), at_(at), invocation_(invocation) {
    words_.resize(std::max(words_.size(), at_ + 1));
  }

  Words candidates() {
    const std::string& word = words_[at_];
    // bash takes KEY=VALUE apart at the "=".
    if (word == "=" && before(2) == "--set") return values_of(before(1));
    if (before(1) == "=" && before(3) == "--set") return starting_with(word, values_of(before(2)));
    if (before(1) == "--set") {
      const size_t equals = word.find('=');
      if (equals == std::string::npos) return starting_with(word, keys("="));
      Words out;
      for (const std::string& value : starting_with(word.substr(equals + 1), values_of(word.substr(0, equals)))) {
        out.push_back(word.substr(0, equals + 1) + value);
      }
      return out;
    }
    if (before(1) == "--stage") return starting_with(word, stages());
    if (word.starts_with("-")) return starting_with(word, options());
    if (at_ > 1 && words_[1] == "describe") return starting_with(word, plugins());
    if (at_ > 1 && words_[1] == "new") return starting_with(word, at_ == 2 ? Words{"plugin"} : at_ == 3 ? Registry::kinds() : Words{});
    return starting_with(word, commands());  // none where a file comes next: the shell knows those
  }

 private:
  std::string before(size_t back) const { return at_ >= back ? words_[at_ - back] : ""; }

  static Words starting_with(const std::string& start, const Words& all) {
    Words some;
    std::copy_if(all.begin(), all.end(), std::back_inserter(some), [&](const std::string& word) { return word.starts_with(start); });
    return some;
  }

  /// What the words before name, commands inside commands.
  const CLI::App& command() const {
    const CLI::App* here = &app_;
    for (size_t i = 1; i < at_; ++i) {
      const auto named = here->get_subcommands([&](const CLI::App* one) { return one->get_name() == words_[i]; });
      if (!named.empty()) here = named.front();
    }
    return *here;
  }

  Words commands() const {
    Words names;
    for (const CLI::App* one : command().get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); })) {
      names.push_back(one->get_name());
    }
    return names;
  }

  Words options() const {
    Words names;
    for (const CLI::Option* option : command().get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    return names;
  }

  Registry& registry() {
    if (!registry_) registry_ = load_plugins(invocation_);
    return *registry_;
  }

  /// The row, or run recipe, that the line names; none where it cannot be read.
  std::optional<Row> row() {
    for (const std::string& word : words_) {
      if (!word.ends_with(".toml") || !fs::exists(word)) continue;
      try {
        return open_row(word, RecipeArguments().context(), registry());
      } catch (const Error&) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  Words stages() {
    const auto read = row();
    return read && !read->alone() ? read->names() : Words{};
  }

  Words keys(const std::string& end) {
    Words all;
    if (const auto read = row()) {
      for (const Stage& stage : read->stages) {
        flatten(parse_toml(stage.recipe.resolved, "resolved", {}), read->alone() ? "" : stage.name, all);
      }
    }
    for (std::string& key : all) key += end;
    return all;
  }

  Words plugins() {
    Words names = Registry::kinds();
    for (const RegistryEntry* entry : registry().all()) names.push_back(entry->registration.name);
    return names;
  }

  /// The values of a key that can be listed: choices, plugins, true and false.
  Words values_of(const std::string& key) {
    const nlohmann::json schema = recipe_schema(registry());
    Words path;
    for (size_t from = 0; from <= key.size();) {
      const size_t dot = std::min(key.find('.', from), key.size());
      path.push_back(key.substr(from, dot - from));
      from = dot + 1;
    }
    if (!path.empty() && !schema["properties"].contains(path.front())) path.erase(path.begin());  // a stage's name
    if (path.size() < 2) return {};
    const std::string &table = path.front(), &name = path.back();
    const bool indexed = path.size() == 3 && path[1].find_first_not_of("0123456789") == std::string::npos;
    if (path.size() > 2 && !indexed) return {};  // of a component inside a component, which may be of another kind
    if (table == "run" || table == "input") return listed(schema["properties"][table]["properties"], name);
    if (!schema["definitions"].contains(table)) return {};
    const nlohmann::json& component = schema["definitions"][table];
    Words found = listed(component["properties"], name);
    for (const nlohmann::json& one : component["allOf"]) {
      if (!found.empty()) break;
      found = listed(one["then"]["properties"], name);
    }
    return found;
  }

  static Words listed(const nlohmann::json& properties, const std::string& name) {
    if (!properties.contains(name)) return {};
    const nlohmann::json& property = properties[name];
    if (property.contains("enum")) return property["enum"].get<Words>();
    if (property.value("type", "") == "boolean") return {"true", "false"};
    return {};
  }

  const CLI::App& app_;
  Words words_;
  size_t at_;
  const Invocation& invocation_;
  std::optional<Registry> registry_;
};

}  // namespace

Action add_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "a script that completes commands, options and the keys of --set in bash or zsh");
  command->footer("bash: source <(lafs completion bash) in ~/.bashrc. zsh: source <(lafs completion zsh) in ~/.zshrc, after compinit.");
  command->add_option("shell", *shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}))->type_name("SHELL");
  return [shell](const Invocation&) {
    fmt::print("{}", *shell == "bash" ? bash_script : zsh_script);
    return done;
  };
}

Action add_complete(CLI::App& app) {
  CLI::App* command = app.add_subcommand("complete", "what a shell asks: the position of the word to complete, and the words");
  command->group("");
  command->prefix_command();
  return [command, &app](const Invocation& invocation) {
    Words words = command->remaining();
    if (words.empty()) return wrong_usage;
    const size_t at = static_cast<size_t>(std::strtoul(words[0].c_str(), nullptr, 10));
    words.erase(words.begin());
    for (const std::string& candidate : Completion(app, words, std::min<size_t>(at, words.size()), invocation).candidates()) {
      fmt::print("{}\n", candidate);
    }
    return done;
  };
}

}  // namespace lafs
