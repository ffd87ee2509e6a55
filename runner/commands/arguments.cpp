#include "runner/commands/arguments.h"

#include <CLI/CLI.hpp>

namespace lafs {

void recipe_argument(CLI::App& command, std::filesystem::path& recipe) {
  command.add_option("recipe", recipe, "recipe, a TOML file")->required()->type_name("FILE");
}

void model_argument(CLI::App& command, std::filesystem::path& checkpoint) {
  const char* help = "run folder (its best checkpoint, else the last) or checkpoint folder";
  command.add_option("checkpoint", checkpoint, help)->required()->type_name("DIR");
}

void batch_option(CLI::App& command, int64_t& batch) {
  command.add_option("--batch", batch, "pictures per forward pass")->check(CLI::Range(1, 65536))->capture_default_str();
}

void choice_option(CLI::App& command, const std::string& name, std::string& value, const std::vector<std::string>& choices,
                   const std::string& help) {
  command.add_option(name, value, help)->check(CLI::IsMember(choices))->capture_default_str();
}

}  // namespace lafs
