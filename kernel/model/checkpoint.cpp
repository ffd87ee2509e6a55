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

CheckpointStore::CheckpointStore(fs::path run_folder) : folder_(std::move(run_folder) / "checkpoints") {}

void CheckpointStore::save(const torch::nn::Module& root, Optimizer& optimizer, const RunPosition& position, const CheckpointFacts& facts,
                           bool best) {
  const std::string name = fmt::format("step-{:08d}", position.step);
  const fs::path part = folder_ / fmt::format(".{}.part", name), final = folder_ / name;
  fs::create_directories(part);

  Payload weights;
  for (const auto& [key, tensor] : nn::state_of(root)) weights.add(key, tensor);
  formats::write_safetensors(part / "weights.safetensors", weights.tensors, {{"format", "pt"}, {"training_identity", facts.identity}});
  Collect state;
  optimizer.visit_state(state);
  formats::write_safetensors(part / "optimizer.safetensors", state.payload.tensors, {{"training_identity", facts.identity}});

  formats::write_atomically(part / "state.json", json_text(checkpoint_state_json(position, facts)) + "\n");
  sync_folder(part);
  std::error_code ignored;
  fs::remove_all(final, ignored);  // the same step again: after an interruption right behind a checkpoint
  fs::rename(part, final);
  sync_folder(folder_);
  // `last` moves last: a kill in between repeats the step and finds the same best again.
  if (best) point("best", name);
  point("last", name);
  prune();
}

void CheckpointStore::point(const std::string& link, const std::string& target) const {
  const fs::path fresh = folder_ / fmt::format(".{}.part", link);
  std::error_code ignored;
  fs::remove(fresh, ignored);
  fs::create_directory_symlink(target, fresh);
  fs::rename(fresh, folder_ / link);
  sync_folder(folder_);
}

void CheckpointStore::prune() const {
  std::set<fs::path> kept;
  for (const char* link : {"last", "best"}) {
    if (fs::is_symlink(folder_ / link)) kept.insert(folder_ / fs::read_symlink(folder_ / link));
  }
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename();
    const bool ours = name.starts_with("step-") || (name.starts_with(".step-") && name.ends_with(".part"));
    if (ours && !entry.is_symlink() && !kept.contains(entry.path())) fs::remove_all(entry.path());
  }
}

fs::path CheckpointStore::find(const std::string& link) const {
  const fs::path path = folder_ / link;
  return fs::exists(path) ? fs::canonical(path) : fs::path();
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
