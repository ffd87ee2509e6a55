#include "kernel/model/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <set>

#include <fmt/format.h>
#include <torch/nn/module.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "formats/safetensors.h"
#include "kernel/model/scalar_types.h"
#include "kernel/results/json_text.h"
#include "lafs/error.h"
#include "nn/layers/tree.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// Keeps the host copies alive that the spans look into.
struct Payload {
  std::vector<at::Tensor> copies;
  std::vector<formats::TensorBytes> tensors;

  void add(const std::string& name, const at::Tensor& tensor) {
    copies.push_back(tensor.detach().cpu().contiguous());
    const at::Tensor& copy = copies.back();
    tensors.push_back(
        {name, scalar_type_text(copy.scalar_type()), copy.sizes().vec(), {static_cast<const std::byte*>(copy.data_ptr()), copy.nbytes()}});
  }
};

class Collect final : public StateVisitor {
 public:
  Payload payload;
  void tensor(const std::string& parameter, const std::string& slot, at::Tensor& value, bool) override {
    payload.add(parameter + "." + slot, value);
  }
};

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) out += fmt::format("{}{}", i ? ", " : "", shape[i]);
  return out + "]";
}

/// Copies a stored tensor over `target`. The reader was verified before.
void copy_into(const formats::SafetensorsReader& reader, const formats::TensorInfo& info, at::Tensor& target) {
  const auto bytes = reader.bytes(info);
  at::Tensor stored = at::empty(info.shape, at::TensorOptions(target.scalar_type()));
  if (stored.nbytes() > 0) std::memcpy(stored.data_ptr(), bytes.data(), bytes.size());
  const at::NoGradGuard no_grad;
  target.copy_(stored);
}

bool fits(const formats::TensorInfo& info, const at::Tensor& target) {
  return info.shape == target.sizes().vec() && info.dtype == scalar_type_text(target.scalar_type());
}

[[noreturn]] void misfit(const fs::path& file, const formats::TensorInfo& info, const at::Tensor& target) {
  throw Error(fmt::format("\"{}\": tensor \"{}\" is {} {}, expected {} {}", file.string(), info.name, info.dtype, shape_text(info.shape),
                          scalar_type_text(target.scalar_type()), shape_text(target.sizes().vec())));
}

void sync_folder(const fs::path& folder) {
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (handle >= 0) {
    ::fsync(handle);
    ::close(handle);
  }
}

void write_state(const fs::path& checkpoint, const RunPosition& position, const CheckpointFacts& facts) {
  formats::write_atomically(checkpoint / "state.json", json_text(checkpoint_state_json(position, facts)) + "\n");
}

/// Fills the visited tensors from the file, and remembers what it used.
class Restore final : public StateVisitor {
 public:
  Restore(const fs::path& file) : file_(file), reader_(file) { reader_.verify(); }
  void tensor(const std::string& parameter, const std::string& slot, at::Tensor& value, bool) override {
    tensor(parameter + "." + slot, value);
  }
  void tensor(const std::string& name, at::Tensor& value) {
    const formats::TensorInfo* info = reader_.find(name);
    if (!info) throw Error(fmt::format("\"{}\" has no tensor \"{}\"", file_.string(), name));
    if (!fits(*info, value)) misfit(file_, *info, value);
    copy_into(reader_, *info, value);
    used_.insert(name);
  }
  void all_used() const {
    for (const formats::TensorInfo& info : reader_.tensors()) {
      if (!used_.contains(info.name))
        throw Error(fmt::format("\"{}\" has a tensor \"{}\" that the run does not have", file_.string(), info.name));
    }
  }

 private:
  fs::path file_;
  formats::SafetensorsReader reader_;
  std::set<std::string> used_;
};

}  // namespace

CheckpointStore::CheckpointStore(fs::path run_folder) : folder_(run_folder) {}

void CheckpointStore::save(const torch::nn::Module& root, Optimizer& optimizer, const RunPosition& position, const CheckpointFacts& facts) {
  const std::string name = CheckpointFolder::name_of(position.step);
  const fs::path part = folder_.path() / fmt::format(".{}.part", name), final = folder_.path() / name;
  fs::create_directories(part);

  Payload weights;
  for (const auto& [key, tensor] : nn::state_of(root)) weights.add(key, tensor);
  formats::write_safetensors(part / "weights.safetensors", weights.tensors, {{"format", "pt"}, {"training_identity", facts.identity}});
  Collect state;
  optimizer.visit_state(state);
  formats::write_safetensors(part / "optimizer.safetensors", state.payload.tensors, {{"training_identity", facts.identity}});

  write_state(part, position, facts);
  sync_folder(part);
  std::error_code ignored;
  fs::remove_all(final, ignored);  // the same step again: after an interruption right behind a checkpoint
  fs::rename(part, final);
  sync_folder(folder_.path());
  folder_.point("last", name);
  sync_folder(folder_.path());
  folder_.prune(facts.identity);
}

void CheckpointStore::update(const RunPosition& position, const CheckpointFacts& facts, bool best) {
  const std::string name = CheckpointFolder::name_of(position.step);
  // The state first: it says which checkpoint is best, and a kill before the name moves is repaired by it.
  write_state(folder_.path() / name, position, facts);
  if (best) folder_.point("best", name);
  folder_.prune(facts.identity);
}

void load_weights(const fs::path& file, torch::nn::Module& root) {
  Restore restore(file);
  for (auto& [key, tensor] : nn::state_of(root)) restore.tensor(key, tensor);
  restore.all_used();
}

void load_optimizer(const fs::path& file, Optimizer& optimizer) {
  Restore restore(file);
  optimizer.visit_state(restore);
  restore.all_used();
}

}  // namespace lafs
