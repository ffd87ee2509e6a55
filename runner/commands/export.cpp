#include <algorithm>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "formats/safetensors.h"
#include "formats/torch_writer.h"
#include "kernel/ledger/checkpoint_state.h"
#include "kernel/model/weights_file.h"
#include "kernel/recipe/name_map.h"
#include "runner/commands/command.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct ExportArguments {
  fs::path checkpoint, out;
  std::string map;
};

/// Where the names that the map knows begin in the file: a checkpoint holds a whole objective.
std::string prefix_of(const fs::path& checkpoint, const WeightsFile& file, const NameMap& map) {
  if (map.target != "backbone") return "";
  if (!fs::is_directory(checkpoint)) {
    const std::vector<std::string> names = file.names();
    if (std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.find("backbone.") != std::string::npos; }))
      throw Error(fmt::format("\"{}\" holds a whole objective; name its run or checkpoint folder, which says where the backbone is",
                              checkpoint.string()));
    return "";
  }
  const std::string encoder = read_checkpoint_state(resolve_checkpoint(checkpoint)).second.encoder;
  return encoder.empty() ? "" : encoder + ".";
}

/// Tensors under the keys of the other program's file, in our order, and the bytes they look into.
struct Exported {
  std::vector<formats::TorchDict> dicts;
  std::vector<std::vector<std::byte>> bytes;
  std::vector<std::string> left_out;
};

Exported exported(const WeightsFile& file, const NameMap& map, const std::string& prefix) {
  Exported out;
  for (size_t i = 0; i < file.tensors().size(); ++i) {
    const StoredTensor& tensor = file.tensors()[i];
    const auto original = tensor.name.starts_with(prefix) ? original_name(map, tensor.name.substr(prefix.size())) : std::nullopt;
    if (!original) {
      out.left_out.push_back(tensor.name);
      continue;
    }
    auto dict = std::find_if(out.dicts.begin(), out.dicts.end(), [&](const formats::TorchDict& d) { return d.key == original->first; });
    if (dict == out.dicts.end()) dict = out.dicts.insert(dict, {original->first, {}});
    // Vectors move when the outer one grows; what they hold stays where it is.
    const auto& data = out.bytes.emplace_back(file.bytes(i));
    dict->tensors.push_back({original->second, tensor.dtype, tensor.shape, data});
  }
  return out;
}

void write(const fs::path& file, const std::vector<formats::TorchDict>& dicts) {
  if (file.extension() == ".pth" || file.extension() == ".pt") {
    formats::write_torch(file, dicts);
    return;
  }
  std::vector<formats::TensorBytes> all;
  for (const formats::TorchDict& dict : dicts) {
    for (formats::TensorBytes tensor : dict.tensors) {
      if (!dict.key.empty()) tensor.name = fmt::format("{}.{}", dict.key, tensor.name);
      all.push_back(std::move(tensor));
    }
  }
  formats::write_safetensors(file, all, {{"format", "pt"}});
}

int run(const ExportArguments& arguments, const Invocation& invocation) {
  const auto extension = arguments.out.extension();
  if (extension != ".pth" && extension != ".pt" && extension != ".safetensors")
    throw Error(fmt::format("\"{}\": weights are written as .pth or .safetensors", arguments.out.string()));
  const Registry registry = load_plugins(invocation);
  const NameMap map = read_name_map(registry.map(arguments.map));
  const WeightsFile file(arguments.checkpoint);
  std::error_code code;
  if (fs::equivalent(arguments.out, file.file(), code))
    throw Error(fmt::format("\"{}\" is what is read; give another --out", arguments.out.string()));
  const Exported out = exported(file, map, prefix_of(arguments.checkpoint, file, map));
  if (out.dicts.empty())
    throw Error(fmt::format("map \"{}\" has a name for none of the tensors of \"{}\"", map.name, file.file().string()));
  write(arguments.out, out.dicts);
  fmt::print("{} of {} tensors of \"{}\" under the names of map \"{}\" in \"{}\"\n", file.tensors().size() - out.left_out.size(),
             file.tensors().size(), file.file().string(), map.name, arguments.out.string());
  for (const std::string& name : out.left_out) fmt::print("  left out: {}\n", name);
  return done;
}

}  // namespace

Action add_export(CLI::App& app) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = app.add_subcommand("export", "write weights under another program's names: a name map run backwards");
  command->add_option("checkpoint", arguments->checkpoint, "run or checkpoint folder, or a file with our names")
      ->required()
      ->type_name("PATH");
  command->add_option("--map", arguments->map, "name map, see lafs describe")->required()->type_name("NAME");
  command->add_option("--out", arguments->out, "file to write; its ending is the format: .pth (plain PyTorch loads it) or .safetensors")
      ->required()
      ->type_name("FILE");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
