#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "kernel/ranks/memory.h"
#include "kernel/recipe/diagnostics.h"
#include "lafs/error.h"
#include "lafs/suggestion.h"
#include "runner/commands/command.h"
#include "runner/report/say.h"

namespace {

/// What an exception says; a lack of memory in words, not in those of the allocators.
std::string said(const std::exception& error) {
  std::string text = lafs::sentence_of(error);
  const std::string lack = "there is not enough memory", asked = "you tried to allocate ";
  if (const size_t at = text.find(asked); at != std::string::npos) {
    const size_t number = at + asked.size();
    return fmt::format("{}{}: {} bytes were asked for at once", text.substr(0, text.find('[')), lack,
                       text.substr(number, text.find(' ', number) - number));
  }
  for (const char* name : {"std::bad_alloc", "bad_array_new_length"}) {
    if (const size_t at = text.find(name); at != std::string::npos) return text.substr(0, at) + lack;
  }
  return text;
}

/// Prints what the action throws. Scripts tell usage mistakes and wrong recipes from failed runs by the exit status.
int guarded(const lafs::Action& action, const lafs::Invocation& invocation) {
  try {
    return action(invocation);
  } catch (const lafs::RecipeError& error) {
    for (const std::string& line : error.lines()) lafs::say("{}\n", line);
    return lafs::wrong_usage;
  } catch (const lafs::PlacedError& error) {
    lafs::say("{}\n", said(error));
    return lafs::failed;
  } catch (const std::filesystem::filesystem_error& error) {
    lafs::say("lafs: error: {}{}\n", error.path1().empty() ? "" : fmt::format("\"{}\": ", error.path1().string()), error.code().message());
    return lafs::failed;
  } catch (const std::exception& error) {
    lafs::say("lafs: error: {}\n", said(error));
    return lafs::failed;
  }
}

/// Prints one line about a wrong command line, where CLI11 would print the whole help.
int wrong_command_line(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& arguments) {
  const auto chosen = app.get_subcommands();
  std::string command = app.get_name(), text = error.what();
  if (!chosen.empty()) {
    command += " " + chosen.front()->get_name();
    const std::string prefix = chosen.front()->get_name() + ": ";
    if (text.starts_with(prefix)) text.erase(0, prefix.size());
    // CLI11 names the last one first.
    if (const std::vector<std::string> extra = chosen.front()->remaining(true); dynamic_cast<const CLI::ExtrasError*>(&error))
      text = fmt::format("not expected: {}", fmt::join(extra, " "));
  }
  if (chosen.empty() && arguments.size() > 1 && !arguments[1].starts_with('-')) {
    std::vector<std::string> known;
    for (const CLI::App* one : app.get_subcommands([](const CLI::App* any) { return !any->get_group().empty(); }))
      known.push_back(one->get_name());
    text = fmt::format("no command \"{}\"{}", arguments[1], lafs::suggestion(arguments[1], known));
  }
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  std::replace(text.begin(), text.end(), '\n', ' ');
  lafs::say("{}: error: {}; see {} --help\n", command, text, command);
  return lafs::wrong_usage;
}

constexpr const char* footer =
    "Exit status: 0 done, 1 the run failed, 2 the recipe or the command line is wrong, 130 stopped by a signal;\n"
    "of lafs diagnose and lafs verify-release also 3 a problem was found, 4 it cannot tell.\n"
    "Data roots: recipes name them \"@data/...\"; LAFS_DATA or --set paths.data=DIR sets the folder.";

std::vector<lafs::Command> add_commands(CLI::App& app) {
  constexpr lafs::Command (*adders[])(CLI::App&) = {
      lafs::add_run,         lafs::add_ablate,        lafs::add_table,          lafs::add_report,     lafs::add_ledger,    lafs::add_check,
      lafs::add_plan,        lafs::add_describe,      lafs::add_eval,           lafs::add_compare,    lafs::add_threshold, lafs::add_verify,
      lafs::add_diagnose,    lafs::add_embed,         lafs::add_show,           lafs::add_bench,      lafs::add_import,    lafs::add_export,
      lafs::add_inspect,     lafs::add_verify_resume, lafs::add_verify_release, lafs::add_replay,     lafs::add_data,      lafs::add_align,
      lafs::add_test_plugin, lafs::add_new,           lafs::add_doctor,         lafs::add_completion, lafs::add_complete};
  std::vector<lafs::Command> commands;
  for (const auto add : adders) commands.push_back(add(app));
  return commands;
}

/// Does what was asked for, and makes sure that it was printed.
int run_chosen(const lafs::Action& action, const lafs::Invocation& invocation) {
  const int status = guarded(action, invocation);
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return status;
  lafs::say("lafs: error: standard output cannot be written\n");
  return status == lafs::done ? lafs::failed : status;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that must not grow is an error of its write, which names the file
  lafs::keep_freed_memory();
  CLI::App app{"lafs: face-recognition and self-supervised training from recipes and plugins", "lafs"};
  app.set_version_flag("--version", "lafs " LAFS_VERSION);
  app.footer(footer);
  app.require_subcommand(1);
  const lafs::Command all = lafs::one_of(&app, add_commands(app));
  const lafs::Invocation invocation{std::filesystem::read_symlink("/proc/self/exe"), {argv, argv + argc}};
  const lafs::Action help = [&](const lafs::Invocation&) {
    fmt::print("{}", app.help());
    return lafs::done;
  };
  if (argc == 1) return run_chosen(help, invocation);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : wrong_command_line(app, error, invocation.arguments);
  } catch (const lafs::Error&) {  // of an option that looks at what it names
    const std::exception_ptr error = std::current_exception();
    return run_chosen([&](const lafs::Invocation&) -> int { std::rethrow_exception(error); }, invocation);
  }
  return run_chosen(all.action, invocation);
}
