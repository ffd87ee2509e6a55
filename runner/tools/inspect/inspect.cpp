#include "runner/tools/inspect/inspect.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "formats/face_bin.h"
#include "formats/file_kind.h"
#include "formats/recordio.h"
#include "formats/safetensors.h"
#include "formats/torch_checkpoint.h"
#include "kernel/ledger/checkpoint_state.h"
#include "kernel/model/weights_file.h"
#include "kernel/recipe/weight_files.h"
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Kind = formats::PickleValue::Kind;

constexpr int deepest_shown = 6;
constexpr size_t longest_shown = 64;

json tensor_json(const std::string& name, const std::string& dtype, const std::vector<int64_t>& shape) {
  uint64_t bytes = formats::torch_item_size(dtype);
  for (const int64_t size : shape) bytes *= static_cast<uint64_t>(size);
  return {{"name", name}, {"dtype", dtype}, {"shape", shape}, {"bytes", bytes}};
}

json value_json(const formats::TorchCheckpoint& file, const formats::PickleValue& value, int depth);

json list_json(const formats::TorchCheckpoint& file, const formats::PickleValue& value, int depth) {
  json list = json::array();
  for (const formats::PickleValue* item : value.items) {
    if (list.size() == longest_shown) return list.push_back("..."), list;
    list.push_back(value_json(file, *item, depth - 1));
  }
  return list;
}

json table_json(const formats::TorchCheckpoint& file, const formats::PickleValue& value, int depth) {
  json table = json::object();
  for (size_t i = 0; i < value.items.size() && table.size() < longest_shown; i += 2) {
    const formats::PickleValue& key = *value.items[i];
    table[key.is_text() ? std::string(key.text) : fmt::format("{}", key.integer)] = value_json(file, *value.items[i + 1], depth - 1);
  }
  return table;
}

/// A value that is not a tensor, shortened where it is long or deep; null for a kind that is not shown.
json value_json(const formats::TorchCheckpoint& file, const formats::PickleValue& value, int depth) {
  if (depth == 0) return "...";
  switch (value.kind) {
    case Kind::none:
      return nullptr;
    case Kind::boolean:
      return value.integer != 0;
    case Kind::integer:
      return value.integer;
    case Kind::real:
      return value.real;
    case Kind::text:
      return std::string(value.text.substr(0, 200));
    case Kind::bytes:
      return fmt::format("{} bytes", value.text.size());
    case Kind::global:
      return fmt::format("name \"{}\"", value.text);
    case Kind::list:
    case Kind::tuple:
      return list_json(file, value, depth);
    case Kind::dict:
      return table_json(file, value, depth);
    case Kind::object:
      if (file.tensor_of(value)) return "tensor";
      return {{"class", value.constructor()}, {"attributes", value.state ? value_json(file, *value.state, depth - 1) : json()}};
    default:
      return "?";
  }
}

json inspect_torch(const fs::path& path) {
  const formats::TorchCheckpoint file(path);
  json out{{"format", "torch"}, {"tensors", json::array()}, {"values", json::object()}, {"opaque", json::array()}};
  for (const auto& [name, tensor] : file.tensors()) out["tensors"].push_back(tensor_json(name, tensor.dtype, tensor.shape));
  for (const auto& [where, why] : file.unusable()) out["not_usable"].push_back({{"path", where}, {"reason", why}});
  for (const auto& [where, what] : file.opaque()) out["opaque"].push_back({{"path", where}, {"class", what}});
  const formats::PickleValue& root = file.root();
  for (size_t i = 0; root.is(Kind::dict) && i < root.items.size(); i += 2) {
    const formats::PickleValue& value = *root.items[i + 1];
    const std::string prefix = fmt::format("{}.", root.items[i]->text);
    const bool has_tensors = std::any_of(file.tensors().begin(), file.tensors().end(), [&](const auto& tensor) {
      return tensor.first == root.items[i]->text || tensor.first.starts_with(prefix);
    });
    if (!has_tensors) out["values"][std::string(root.items[i]->text)] = value_json(file, value, deepest_shown);
  }
  return out;
}

json inspect_safetensors(const fs::path& path) {
  const formats::SafetensorsReader file(path);
  file.verify();
  json out{{"format", "safetensors"}, {"tensors", json::array()}, {"metadata", json::object()}};
  for (const formats::TensorInfo& info : file.tensors()) {
    json tensor = tensor_json(info.name, info.dtype, info.shape);
    tensor["bytes"] = info.end - info.begin;
    out["tensors"].push_back(std::move(tensor));
  }
  for (const auto& [key, value] : file.metadata()) {
    if (!key.starts_with("xxh3:")) out["metadata"][key] = value;
  }
  return out;
}

json inspect_bin(const fs::path& path) {
  const formats::FaceBin file(path);
  uint64_t bytes = 0;
  for (const auto& picture : file.pictures()) bytes += picture.size();
  return {{"format", "face bin"},
          {"pairs", file.same().size()},
          {"same", std::count(file.same().begin(), file.same().end(), true)},
          {"pictures", file.pictures().size()},
          {"picture_bytes", bytes}};
}

/// Weights in several files, or in a folder of Hugging Face.
json inspect_parts(const fs::path& path) {
  const WeightsFile file(path);
  json out{{"format", "weights in parts"}, {"file", file.file().string()}, {"tensors", json::array()}};
  for (const StoredTensor& tensor : file.tensors()) {
    if (tensor.problem.empty()) {
      out["tensors"].push_back(tensor_json(tensor.name, tensor.dtype, tensor.shape));
    } else {
      out["not_usable"].push_back({{"path", tensor.name}, {"reason", tensor.problem}});
    }
  }
  return out;
}

json inspect_folder(const fs::path& path) {
  const fs::path checkpoint = resolve_checkpoint(path);
  const auto [position, facts] = read_checkpoint_state(checkpoint);
  json out = inspect_safetensors(checkpoint / "weights.safetensors");
  out["format"] = "checkpoint";
  out["folder"] = checkpoint.string();
  out["step"] = position.step;
  out["total_steps"] = position.total;
  out["encoder"] = {{"path", facts.encoder}, {"plugin", facts.backbone}, {"options", facts.backbone_options}};
  out["input"] = input_json(facts.input);
  out["identities"] = facts.identities;
  out["training_identity"] = facts.identity;
  return out;
}

}  // namespace

json inspect(const fs::path& path) {
  const auto files = weight_files(path);
  if (fs::is_directory(path) && !files) return inspect_folder(path);
  if (files && (files->parts.size() > 1 || files->named != files->parts[0])) return inspect_parts(path);
  const fs::path file = files ? files->named : path;
  const std::string extension = file.extension().string();
  if (formats::is_record_name(file) || extension == ".idx")
    throw Error(fmt::format("\"{}\" belongs to a record set; lafs data info shows it", file.string()));
  const formats::MappedFile mapped(file);
  const bool torch = formats::looks_like_torch(mapped.bytes()), known = torch || formats::looks_like_safetensors(mapped.bytes());
  if (extension == ".bin" && !known) {
    const auto kind = formats::file_kind(mapped.bytes());
    if (!kind || kind->pickle) return inspect_bin(file);
  }
  check_weights_kind(file);
  return torch ? inspect_torch(file) : inspect_safetensors(file);
}

void print_inspected(const json& facts) {
  const auto dump = [](const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); };
  for (const auto& [key, value] : facts.items()) {
    if (key != "tensors" && key != "values" && !(value.is_array() && value.empty()))
      fmt::print("{}: {}\n", key, value.is_string() ? value.get<std::string>() : dump(value));
  }
  if (facts.contains("values")) {
    for (const auto& [key, value] : facts["values"].items()) fmt::print("{}: {}\n", key, dump(value));
  }
  if (!facts.contains("tensors")) return;
  uint64_t bytes = 0;
  for (const json& tensor : facts["tensors"]) {
    bytes += tensor["bytes"].get<uint64_t>();
    fmt::print("  {:<64} {:<5} [{}]\n", dump(tensor["name"]), tensor["dtype"].get<std::string>(),
               fmt::join(tensor["shape"].get<std::vector<int64_t>>(), ", "));
  }
  fmt::print("{} tensors, {} bytes\n", facts["tensors"].size(), bytes);
}

}  // namespace lafs
