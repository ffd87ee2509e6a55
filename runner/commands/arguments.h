#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/model/open_source.h"
#include "kernel/recipe/recipe.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace lafs {

/// The positional argument of a command that reads a recipe.
void recipe_argument(CLI::App& command, std::filesystem::path& recipe);
/// The positional argument of a command that looks into a model trained here.
void model_argument(CLI::App& command, std::filesystem::path& checkpoint);
/// The positional argument of a command that uses a model trained here or elsewhere, and `--input`, the contract of one that is a file.
/// `also`: what else the command takes in its place, for the help.
void any_model_arguments(CLI::App& command, std::filesystem::path& model, std::string& input, const std::string& also = "");
/// `--input`, the contract of a model that is a file.
CLI::Option* input_option(CLI::App& command, std::string& input);
/// `--batch`, images of a forward pass.
void batch_option(CLI::App& command, int64_t& batch);

/// `--samples`, how often people are drawn for an interval.
void samples_option(CLI::App& command, int64_t& samples);

/// An option for a file to write, and `--force`: without it a file that is there already is an error, before any work. A missing folder is
/// made. Devices and pipes are written to as they are. `forced`: where the command also wants to know whether `--force` was given.
CLI::Option* output_option(CLI::App& command, const std::string& name, std::filesystem::path& file, const std::string& help,
                           bool* forced = nullptr);

/// An option that takes one of some words; the value so far is its default.
void choice_option(CLI::App& command, const std::string& name, std::string& value, const std::vector<std::string>& choices,
                   const std::string& help);

/// For `check` of an option that names something: a sentence where the text is empty, else nothing.
std::string refuse_empty(const std::string& text);

/// Options of commands that read recipes.
struct RecipeArguments {
  std::vector<std::string> set;
  std::string stage;             ///< of a row; empty: all, or there is no row
  std::filesystem::path inputs;  ///< where stages that others take weights from were run; empty: as `lafs run` chooses it

  void add_to(CLI::App& command);
  /// `--stage NAME`, with what it does in this command.
  void add_stage_to(CLI::App& command, const std::string& help);
  /// `--inputs DIR`.
  void add_inputs_to(CLI::App& command);
  /// `--set KEY=VALUE` taken apart, and LAFS_DATA. Throws RecipeError for an override without "=".
  RecipeContext context() const;
};

/// A data source on a command line.
struct SourceArguments {
  SourceRequest request;
  RecipeArguments common;

  /// The positional SOURCE, `--source`, `--root` and `--set`.
  void add_to(CLI::App& command);
};

}  // namespace lafs
