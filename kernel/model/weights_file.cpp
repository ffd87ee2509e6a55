#include "kernel/model/weights_file.h"

#include <fmt/format.h>

#include "formats/fingerprint.h"
#include "formats/mapped_file.h"
#include "formats/safetensors.h"
#include "formats/torch_checkpoint.h"
#include "kernel/ledger/checkpoint_state.h"
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

}  // namespace

WeightsFile::WeightsFile(const fs::path& path) : file_(path) {
  if (fs::is_directory(path)) file_ = resolve_checkpoint(path) / "weights.safetensors";
  if (file_.extension() == ".pth" || file_.extension() == ".pt" || formats::looks_like_torch(formats::MappedFile(file_).bytes())) {
    auto torch = std::make_shared<Torch>(file_);
    for (const auto& [name, tensor] : torch->checkpoint.tensors()) tensors_.push_back({name, tensor.dtype, tensor.shape});
    if (tensors_.empty()) {
      std::string found;
      for (const auto& [where, what] : torch->checkpoint.opaque())
        found += fmt::format("{} \"{}\" of class \"{}\"", found.empty() ? ", only" : ",", where, what);
      const char* caution = found.empty() ? "" : "nothing in it was executed; if you trust its author, ";
      throw Error(fmt::format("\"{}\" holds no tensors{}; {}save it again in Python: torch.save(dict(model.state_dict()), \"weights.pth\")",
                              file_.string(), found, caution));
    }
    source_ = torch;
    return;
  }
  auto plain = std::make_shared<Safetensors>(file_);
  for (const formats::TensorInfo& info : plain->reader.tensors()) tensors_.push_back({info.name, info.dtype, info.shape});
  source_ = plain;
}

std::vector<std::string> WeightsFile::names() const {
  std::vector<std::string> names;
  for (const StoredTensor& tensor : tensors_) names.push_back(tensor.name);
  return names;
}

std::vector<std::byte> WeightsFile::bytes(size_t tensor) const { return source_->bytes(tensor); }

std::string WeightsFile::hash() const {
  formats::Fingerprint hash;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    hash.add(tensors_[i].name).add(tensors_[i].dtype);
    for (const int64_t size : tensors_[i].shape) hash.add(size);
    const auto data = bytes(i);
    hash.add(std::string_view(reinterpret_cast<const char*>(data.data()), data.size()));
  }
  return hash.hex();
}

}  // namespace lafs
