#include "runner/commands/arguments.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "runner/report/output_file.h"

namespace lafs {

void recipe_argument(CLI::App& command, std::filesystem::path& recipe) {
  command.add_option("recipe", recipe, "recipe, a TOML file")->required()->type_name("FILE");
}

void model_argument(CLI::App& command, std::filesystem::path& checkpoint) {
  const char* help = "run folder (its best checkpoint, else the last) or checkpoint folder";
  command.add_option("checkpoint", checkpoint, help)->required()->type_name("DIR");
}

void any_model_arguments(CLI::App& command, std::filesystem::path& model, std::string& input, const std::string& also) {
  const std::string help =
      "run folder (its best checkpoint, else the last) or checkpoint folder; or a model trained elsewhere: an ONNX file, a .caffemodel "
      "with its .prototxt beside it, a TorchScript archive, or a recipe whose [backbone] reads one";
  command.add_option("model", model, help + also)->required()->type_name("MODEL");
  input_option(command, input);
}

CLI::Option* input_option(CLI::App& command, std::string& input) {
  const char* contract = "what a model file was fed, the keys of [input]: --input '{ colour = \"bgr\", flip = \"none\" }'";
  return command.add_option("--input", input, contract)->type_name("TOML");
}

void batch_option(CLI::App& command, int64_t& batch) {
  command.add_option("--batch", batch, "pictures per forward pass")->check(CLI::Range(1, 65536))->capture_default_str();
}

void samples_option(CLI::App& command, int64_t& samples) {
  const char* help = "samples of the people, drawn with replacement, for the intervals";
  command.add_option("--samples", samples, help)->check(CLI::Range(100, 1000000))->capture_default_str();
}

CLI::Option* output_option(CLI::App& command, const std::string& name, std::filesystem::path& file, const std::string& help, bool* forced) {
  auto own = std::make_shared<bool>(false);
  bool* force = forced ? forced : own.get();
  command.add_flag("--force", *force, "overwrite the file when it exists");
  command.parse_complete_callback([own, force, &file] {
    require_free(file, *force);
    make_folder_of(file);
  });
  return command.add_option(name, file, help)->type_name("FILE");
}

void choice_option(CLI::App& command, const std::string& name, std::string& value, const std::vector<std::string>& choices,
                   const std::string& help) {
  command.add_option(name, value, help)->check(CLI::IsMember(choices))->capture_default_str();
}

std::string refuse_empty(const std::string& text) { return text.empty() ? "the text is empty; leave the option out" : ""; }

}  // namespace lafs
