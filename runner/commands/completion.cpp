#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/completion/completion.h"

namespace lafs {

namespace {

CommandNames names_of(const CLI::App& app) {
  CommandNames names{app.get_name(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.options.push_back("--" + name);
  }
  for (const CLI::App* one : app.get_subcommands([](const CLI::App* any) { return !any->get_group().empty(); }))
    names.commands.push_back(names_of(*one));
  return names;
}

}  // namespace

Command add_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("completion", "print a script that completes commands, options and the keys of --set in bash or zsh");
  command->footer("bash: source <(lafs completion bash) in ~/.bashrc. zsh: source <(lafs completion zsh) in ~/.zshrc, after compinit.");
  command->add_option("shell", *shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}))->type_name("SHELL");
  return {command, [shell](const Invocation&) {
            fmt::print("{}", completion_script(*shell));
            return done;
          }};
}

Command add_complete(CLI::App& app) {
  CLI::App* command = app.add_subcommand("complete", "position of the word to complete, and the words");
  command->group("");
  command->prefix_command();
  return {command, [command, &app](const Invocation& invocation) {
            const std::vector<std::string> words = command->remaining();
            if (words.empty()) return wrong_usage;
            const TypedLine line{{words.begin() + 1, words.end()}, std::strtoul(words[0].c_str(), nullptr, 10)};
            const auto load = [&] { return load_plugins(invocation); };
            for (const std::string& word : completions(names_of(app), line, RecipeArguments().context(), load)) fmt::print("{}\n", word);
            return done;
          }};
}

}  // namespace lafs
