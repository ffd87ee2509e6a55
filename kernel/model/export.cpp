#include "kernel/model/export.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "formats/safetensors.h"
#include "formats/torch_writer.h"
#include "kernel/ledger/checkpoint_state.h"
#include "kernel/model/weights_file.h"
#include "kernel/recipe/name_map.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// What stands in the file before the names that the map knows: a checkpoint holds a whole objective.
std::string prefix_of(const fs::path& checkpoint, const WeightsFile& file, const NameMap& map) {
  if (map.target != "backbone") return "";
  if (!fs::is_directory(checkpoint)) {
    const std::vector<std::string> names = file.names();
    if (std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.find("backbone.") != std::string::npos; }))
      throw Error(fmt::format("\"{}\" holds a whole objective; name its run or checkpoint folder, which records where the backbone is",
                              checkpoint.string()));
    return "";
  }
  const std::string encoder = read_checkpoint_state(resolve_checkpoint(checkpoint)).second.encoder;
  return encoder.empty() ? "" : encoder + ".";
}

/// Tensors under the keys of the other program's file, in our order, and the bytes they refer to.
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

}  // namespace

ExportedWeights export_weights(const ExportRequest& request, const Registry& registry) {
  const auto extension = request.out.extension();
  if (extension != ".pth" && extension != ".pt" && extension != ".safetensors")
    throw Error(fmt::format("\"{}\": weights are written as .pth or .safetensors", request.out.string()));
  const NameMap map = read_name_map(registry.map(request.map));
  const WeightsFile file(request.checkpoint);
  std::error_code code;
  if (fs::equivalent(request.out, file.file(), code))
    throw Error(fmt::format("\"{}\" is the file that is read; give another --out", request.out.string()));
  Exported out = exported(file, map, prefix_of(request.checkpoint, file, map));
  if (out.dicts.empty())
    throw Error(fmt::format("map \"{}\" has a name for none of the tensors of \"{}\"", map.name, file.file().string()));
  write(request.out, out.dicts);
  return {file.file(), file.tensors().size(), std::move(out.left_out)};
}

}  // namespace lafs
