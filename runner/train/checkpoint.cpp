#include "runner/train/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <torch/nn/module.h>

#include "formats/atomic_file.h"
#include "formats/safetensors.h"
#include "nn/tree.h"
#include "runner/report/json_text.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

const std::vector<std::pair<at::ScalarType, std::string>>& type_names() {
  static const std::vector<std::pair<at::ScalarType, std::string>> names{
      {at::kFloat, "F32"}, {at::kDouble, "F64"}, {at::kHalf, "F16"}, {at::kBFloat16, "BF16"}, {at::kLong, "I64"},
      {at::kInt, "I32"},   {at::kShort, "I16"},  {at::kChar, "I8"},  {at::kByte, "U8"},       {at::kBool, "BOOL"}};
  return names;
}

std::string type_name(at::ScalarType type) {
  for (const auto& [scalar, name] : type_names()) {
    if (scalar == type) return name;
  }
  throw Error(fmt::format("tensors of type {} cannot be saved", c10::toString(type)));
}

/// Keeps the host copies alive that the spans look into.
struct Payload {
  std::vector<at::Tensor> copies;
  std::vector<TensorBytes> tensors;

  void add(const std::string& name, const at::Tensor& tensor) {
    copies.push_back(tensor.detach().cpu().contiguous());
    const at::Tensor& copy = copies.back();
    tensors.push_back(
        {name, type_name(copy.scalar_type()), copy.sizes().vec(), {static_cast<const std::byte*>(copy.data_ptr()), copy.nbytes()}});
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
void copy_into(const SafetensorsReader& reader, const TensorInfo& info, at::Tensor& target) {
  const auto bytes = reader.bytes(info);
  at::Tensor stored = at::empty(info.shape, at::TensorOptions(target.scalar_type()));
  if (stored.nbytes() > 0) std::memcpy(stored.data_ptr(), bytes.data(), bytes.size());
  const at::NoGradGuard no_grad;
  target.copy_(stored);
}

bool fits(const TensorInfo& info, const at::Tensor& target) {
  return info.shape == target.sizes().vec() && info.dtype == type_name(target.scalar_type());
}

[[noreturn]] void misfit(const fs::path& file, const TensorInfo& info, const at::Tensor& target) {
  throw Error(fmt::format("\"{}\": tensor \"{}\" is {} {}, expected {} {}", file.string(), info.name, info.dtype, shape_text(info.shape),
                          type_name(target.scalar_type()), shape_text(target.sizes().vec())));
}

nlohmann::json to_json(const GradScalerState& scaler) {
  return {{"scale", scaler.scale}, {"growth_counter", scaler.growth_counter}, {"skipped", scaler.skipped}, {"in_a_row", scaler.in_a_row}};
}

GradScalerState scaler_from_json(const nlohmann::json& json) {
  GradScalerState scaler;
  json.at("scale").get_to(scaler.scale);
  json.at("growth_counter").get_to(scaler.growth_counter);
  json.at("skipped").get_to(scaler.skipped);
  json.at("in_a_row").get_to(scaler.in_a_row);
  return scaler;
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
    const TensorInfo* info = reader_.find(name);
    if (!info) throw Error(fmt::format("\"{}\" has no tensor \"{}\"", file_.string(), name));
    if (!fits(*info, value)) misfit(file_, *info, value);
    copy_into(reader_, *info, value);
    used_.insert(name);
  }
  void all_used() const {
    for (const TensorInfo& info : reader_.tensors()) {
      if (!used_.contains(info.name))
        throw Error(fmt::format("\"{}\" has a tensor \"{}\" that the run does not have", file_.string(), info.name));
    }
  }

 private:
  fs::path file_;
  SafetensorsReader reader_;
  std::set<std::string> used_;
};

}  // namespace

nlohmann::json to_json(const InputContract& input) {
  return {{"preset", input.preset}, {"height", input.height},       {"width", input.width},
          {"colour", input.colour}, {"mean", input.mean},           {"std", input.std},
          {"flip", input.flip},     {"alignment", input.alignment}, {"interpolation", input.interpolation},
          {"score", input.score}};
}

InputContract input_from_json(const nlohmann::json& json) {
  InputContract input;
  json.at("preset").get_to(input.preset);
  json.at("height").get_to(input.height);
  json.at("width").get_to(input.width);
  json.at("colour").get_to(input.colour);
  json.at("mean").get_to(input.mean);
  json.at("std").get_to(input.std);
  json.at("flip").get_to(input.flip);
  json.at("alignment").get_to(input.alignment);
  json.at("interpolation").get_to(input.interpolation);
  json.at("score").get_to(input.score);
  return input;
}

CheckpointStore::CheckpointStore(fs::path run_folder) : folder_(std::move(run_folder) / "checkpoints") {}

void CheckpointStore::save(const torch::nn::Module& root, Optimizer& optimizer, const RunPosition& position, const CheckpointFacts& facts,
                           bool best) {
  const std::string name = fmt::format("step-{:08d}", position.step);
  const fs::path part = folder_ / fmt::format(".{}.part", name), final = folder_ / name;
  fs::create_directories(part);

  Payload weights;
  for (const auto& [key, tensor] : state_of(root)) weights.add(key, tensor);
  write_safetensors(part / "weights.safetensors", weights.tensors, {{"format", "pt"}, {"training_identity", facts.identity}});
  Collect state;
  optimizer.visit_state(state);
  write_safetensors(part / "optimizer.safetensors", state.payload.tensors, {{"training_identity", facts.identity}});

  nlohmann::json json{{"step", position.step},
                      {"micro_batch", position.micro},
                      {"total_steps", position.total},
                      {"best_score", position.best_score},
                      {"best_step", position.best_step},
                      {"training_identity", facts.identity},
                      {"data_fingerprint", facts.data_fingerprint},
                      {"identities", facts.identities},
                      {"encoder", {{"path", facts.encoder}, {"plugin", facts.backbone}, {"options", facts.backbone_options}}},
                      {"input", to_json(facts.input)},
                      {"recipe", facts.recipe}};
  if (position.scaler) json["scaler"] = to_json(*position.scaler);
  write_atomically(part / "state.json", json_text(json) + "\n");
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

std::pair<RunPosition, CheckpointFacts> read_checkpoint_state(const fs::path& checkpoint) {
  const fs::path file = checkpoint / "state.json";
  std::ifstream in(file);
  if (!in) throw Error(fmt::format("\"{}\" is not a checkpoint: it has no state.json", checkpoint.string()));
  try {
    const auto json = nlohmann::json::parse(in);
    RunPosition position;
    json.at("step").get_to(position.step);
    json.at("micro_batch").get_to(position.micro);
    json.at("total_steps").get_to(position.total);
    json.at("best_score").get_to(position.best_score);
    json.at("best_step").get_to(position.best_step);
    if (const auto scaler = json.find("scaler"); scaler != json.end()) position.scaler = scaler_from_json(*scaler);
    CheckpointFacts facts;
    json.at("training_identity").get_to(facts.identity);
    json.at("data_fingerprint").get_to(facts.data_fingerprint);
    json.at("identities").get_to(facts.identities);
    json.at("encoder").at("path").get_to(facts.encoder);
    json.at("encoder").at("plugin").get_to(facts.backbone);
    json.at("encoder").at("options").get_to(facts.backbone_options);
    facts.input = input_from_json(json.at("input"));
    json.at("recipe").get_to(facts.recipe);
    return {position, facts};
  } catch (const nlohmann::json::exception& e) {
    const std::string what = e.what();  // "[json.exception.parse_error.101] parse error at line ..."
    throw Error(fmt::format("\"{}\" is damaged: {}", file.string(), what.substr(what.find("] ") + 2)));
  }
}

std::string recipe_place(const fs::path& checkpoint, const CheckpointFacts& facts) {
  const fs::path file = checkpoint.parent_path().parent_path() / "recipe.toml";
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str() == facts.recipe ? file.string() : (checkpoint / "state.json").string() + " recipe";
}

void load_weights(const fs::path& file, torch::nn::Module& root) {
  Restore restore(file);
  for (auto& [key, tensor] : state_of(root)) restore.tensor(key, tensor);
  restore.all_used();
}

void load_optimizer(const fs::path& file, Optimizer& optimizer) {
  Restore restore(file);
  optimizer.visit_state(restore);
  restore.all_used();
}

std::optional<at::ScalarType> scalar_type_named(const std::string& dtype) {
  for (const auto& [scalar, name] : type_names()) {
    if (name == dtype) return scalar;
  }
  return std::nullopt;
}

std::string scalar_type_text(at::ScalarType type) { return type_name(type); }

fs::path resolve_checkpoint(const fs::path& path) {
  if (!fs::exists(path)) throw Error(fmt::format("\"{}\" does not exist", path.string()));
  if (fs::exists(path / "state.json")) return path;
  for (const char* link : {"best", "last"}) {
    if (fs::exists(path / "checkpoints" / link / "state.json")) return path / "checkpoints" / link;
  }
  throw Error(fmt::format("\"{}\" is neither a checkpoint nor a run folder with one", path.string()));
}

}  // namespace lafs
