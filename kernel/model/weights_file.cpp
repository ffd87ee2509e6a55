#include "kernel/model/weights_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "formats/file_kind.h"
#include "formats/fingerprint.h"
#include "formats/mapped_file.h"
#include "formats/safetensors.h"
#include "formats/torch_checkpoint.h"
#include "kernel/ledger/checkpoint_state.h"
#include "kernel/model/scalar_types.h"
#include "kernel/recipe/weight_files.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

struct Safetensors final : WeightsFile::Source {
  formats::SafetensorsReader reader;
  explicit Safetensors(const fs::path& file) : reader(file) { reader.verify(); }
  std::vector<std::byte> bytes(size_t tensor) const override {
    const auto view = reader.bytes(reader.tensors()[tensor]);
    return {view.begin(), view.end()};
  }
};

struct Torch final : WeightsFile::Source {
  formats::TorchCheckpoint checkpoint;
  explicit Torch(const fs::path& file) : checkpoint(file) { checkpoint.verify(); }
  std::vector<std::byte> bytes(size_t tensor) const override { return checkpoint.bytes(checkpoint.tensors()[tensor].second); }
};

[[noreturn]] void no_tensors(const fs::path& file, const formats::TorchCheckpoint& checkpoint) {
  std::string found;
  for (const auto& [where, what] : checkpoint.opaque())
    found += fmt::format("{} \"{}\" of class \"{}\"", found.empty() ? ", only" : ",", where, what);
  for (const auto& [where, why] : checkpoint.unusable()) found += fmt::format("{} \"{}\": {}", found.empty() ? ", only" : ",", where, why);
  const char* caution = found.empty() ? "" : "nothing in it was executed; if you trust its author, ";
  throw Error(fmt::format("\"{}\" holds no tensors{}; {}save it again in Python: torch.save(dict(model.state_dict()), \"weights.pth\")",
                          file.string(), found, caution));
}

}  // namespace

void check_weights_kind(const fs::path& file) {
  const formats::MappedFile mapped(file);
  const auto fail = [&](const std::string& reason) {
    throw Error(fmt::format("cannot read \"{}\" as weights: {}", file.string(), reason));
  };
  if (const auto kind = formats::file_kind(mapped.bytes())) fail(formats::kind_text(*kind));
  if (formats::looks_like_torch(mapped.bytes()) || formats::looks_like_safetensors(mapped.bytes())) return;
  fail(fmt::format("it is neither safetensors nor a file of torch.save, and begins {}", formats::beginning(mapped.bytes())));
}

WeightsFile::WeightsFile(const fs::path& path) : file_(path) {
  const auto files = weight_files(path);
  if (!files) {
    file_ = resolve_checkpoint(path) / "weights.safetensors";
    open(file_);
    return;
  }
  file_ = files->named;
  for (const fs::path& part : files->parts) open(part);
  if (files->parts.size() > 1 || !files->holder.empty()) join(*files);
}

/// Of a name that two parts have, the index says which counts.
void WeightsFile::join(const WeightFiles& files) {
  const auto fail = [&](const std::string& reason) {
    throw Error(fmt::format("cannot read \"{}\" as weights: {}", file_.string(), reason));
  };
  const auto part_name = [&](size_t part) { return files.parts[part].filename().string(); };
  std::map<std::string, size_t> seen;  // name of a tensor: part
  size_t kept = 0;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const size_t part = places_[i].first;
    const auto said = files.holder.find(tensors_[i].name);
    if (said != files.holder.end() && said->second != part) continue;
    const auto [other, fresh] = seen.emplace(tensors_[i].name, part);
    if (!fresh)
      fail(fmt::format("both \"{}\" and \"{}\" have a tensor \"{}\"", part_name(other->second), part_name(part), tensors_[i].name));
    if (kept != i) tensors_[kept] = std::move(tensors_[i]);
    places_[kept++] = places_[i];
  }
  tensors_.resize(kept);
  places_.resize(kept);
  for (const auto& [name, part] : files.holder) {
    if (!seen.contains(name)) fail(fmt::format("it says that \"{}\" has a tensor \"{}\", which is not there", part_name(part), name));
  }
}

void WeightsFile::open(const fs::path& file) {
  check_weights_kind(file);
  formats::looks_like_torch(formats::MappedFile(file).bytes()) ? open_torch(file) : open_safetensors(file);
}

void WeightsFile::add(StoredTensor tensor, size_t place) {
  if (tensor.problem.empty() && !scalar_type_named(tensor.dtype)) tensor.problem = fmt::format("its type is {}", tensor.dtype);
  tensors_.push_back(std::move(tensor));
  places_.emplace_back(sources_.size() - 1, place);
}

void WeightsFile::open_torch(const fs::path& file) {
  auto torch = std::make_shared<Torch>(file);
  const formats::TorchCheckpoint& checkpoint = torch->checkpoint;
  sources_.push_back(torch);
  for (size_t i = 0; i < checkpoint.tensors().size(); ++i) {
    const auto& [name, tensor] = checkpoint.tensors()[i];
    add({name, tensor.dtype, tensor.shape, ""}, i);
  }
  if (checkpoint.tensors().empty()) no_tensors(file, checkpoint);
  std::set<std::string> known;
  for (const auto& [name, tensor] : checkpoint.tensors()) known.insert(name);
  for (const auto& [name, why] : checkpoint.unusable()) {
    if (known.insert(name).second) add({name, "", {}, why}, 0);
  }
}

void WeightsFile::open_safetensors(const fs::path& file) {
  auto plain = std::make_shared<Safetensors>(file);
  sources_.push_back(plain);
  for (size_t i = 0; i < plain->reader.tensors().size(); ++i) {
    const formats::TensorInfo& info = plain->reader.tensors()[i];
    add({info.name, info.dtype, info.shape, ""}, i);
  }
}

std::vector<std::string> WeightsFile::names() const {
  std::vector<std::string> names;
  for (const StoredTensor& tensor : tensors_) names.push_back(tensor.name);
  return names;
}

std::vector<std::byte> WeightsFile::bytes(size_t tensor) const {
  const auto& [source, place] = places_[tensor];
  return sources_[source]->bytes(place);
}

std::string WeightsFile::hash() const {
  formats::Fingerprint hash;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    if (!tensors_[i].problem.empty()) continue;
    hash.add(tensors_[i].name).add(tensors_[i].dtype);
    for (const int64_t size : tensors_[i].shape) hash.add(size);
    const auto data = bytes(i);
    hash.add(std::string_view(reinterpret_cast<const char*>(data.data()), data.size()));
  }
  return hash.hex();
}

std::string WeightsFile::hint() const {
  const auto number = sources_.size() == 1 ? part_number(file_) : std::nullopt;
  if (!number || number->second < 2) return "";
  return fmt::format("; the file is part {} of {}: name the .index.json beside it, or the folder", number->first, number->second);
}

}  // namespace lafs
