// One step of a recipe, LAFS or supervised, timed beside peer/lafs_step.py or supervised_step.py: writes what the peer must reproduce, then
// times whole steps.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>
#include <torch/types.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "kernel/data/epochs.h"
#include "kernel/data/loader.h"
#include "kernel/model/assembly.h"
#include "kernel/model/autocast.h"
#include "kernel/ranks/device.h"
#include "kernel/ranks/memory.h"
#include "kernel/ranks/solo_collective.h"
#include "kernel/recipe/diagnostics.h"
#include "kernel/recipe/resolver.h"
#include "kernel/train/draws.h"
#include "kernel/train/trainer.h"
#include "nn/layers/forwarding_draws.h"
#include "nn/layers/tree.h"

namespace {

using Clock = std::chrono::steady_clock;
using Override = std::pair<std::string, std::string>;

/// Landmark noise and choices of a run, but no dropout: a step that another program can repeat.
class LandmarkDraws final : public lafs::nn::ForwardingDraws {
 public:
  LandmarkDraws(std::shared_ptr<const lafs::Draws> inner, at::Device device) : ForwardingDraws(std::move(inner)), device_(device) {}
  at::Tensor keep_mask(std::string_view, double, const Shape& shape) const override {
    std::vector<int64_t> sizes{rows()};
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    return torch::ones(sizes, at::TensorOptions(device_));
  }
  std::vector<uint64_t> row_keys(std::string_view) const override { return {}; }

 private:
  std::shared_ptr<const lafs::Draws> wrap(std::shared_ptr<const lafs::Draws> inner) const override {
    return std::make_shared<LandmarkDraws>(std::move(inner), device_);
  }

  at::Device device_;
};

struct Silent final : lafs::Reporter {
  void value(std::string_view, double) override {}
  void value(std::string_view, const at::Tensor&) override {}
};

struct Bench {
  lafs::Recipe recipe;
  at::Device device;
  lafs::RecipeAssembly assembly;
  std::shared_ptr<lafs::Augmentation> augmentation;
  std::shared_ptr<lafs::LoadedBatch> batch;
  lafs::Trainer trainer;

  Bench(const lafs::Recipe& read, at::Device where)
      : recipe(read),
        device(where),
        assembly(recipe, lafs::RecipeAssembly::Data::open, [](const std::string&) {}),
        augmentation(assembly.augmentation()),
        trainer(recipe, assembly, device) {
    lafs::LoaderOptions options;
    options.seed = static_cast<uint64_t>(recipe.run.seed);
    options.batch = recipe.run.batch;
    options.threads = 2;
    batch = lafs::Loader(assembly.data(), augmentation, recipe.input, options, device).next();
    trainer.initialise([](const std::string&) {});
  }

  std::shared_ptr<const lafs::Draws> draws() const {
    const at::Tensor positions = batch->positions().cpu();
    const int64_t* rows = positions.const_data_ptr<int64_t>();
    return std::make_shared<LandmarkDraws>(
        lafs::keyed_draws(static_cast<uint64_t>(recipe.run.seed), 0, 0, {rows, rows + batch->size()}, device), device);
  }
};

/// Tensors to be written, kept alive until they are.
struct Bundle {
  std::vector<std::pair<std::string, at::Tensor>> tensors;

  void add(const std::string& name, const at::Tensor& tensor) { tensors.emplace_back(name, tensor.detach().cpu().contiguous().clone()); }
  void write(const std::filesystem::path& file, const nlohmann::json& facts) const {
    std::vector<lafs::formats::TensorBytes> out;
    for (const auto& [name, tensor] : tensors) {
      const char* type = tensor.scalar_type() == at::kLong ? "I64" : tensor.scalar_type() == at::kByte ? "U8" : "F32";
      out.push_back({name, type, tensor.sizes().vec(), {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()}});
    }
    lafs::formats::write_safetensors(file, out, {{"facts", facts.dump()}});
  }
};

double number(const std::string& table, const lafs::AnyUse& use, const std::string& key) {
  const std::string text = "\n" + lafs::options_text(use), wanted = fmt::format("\n{} = ", key);
  const size_t at = text.find(wanted);
  if (at == std::string::npos) throw lafs::Error(fmt::format("the peer needs [{}] {}", table, key));
  return std::stod(text.substr(at + wanted.size()));
}

nlohmann::json backbone_facts(const lafs::Recipe& recipe) {
  nlohmann::json facts;
  for (const char* key : {"dim", "depth", "heads", "dim_head", "mlp_dim"}) {
    facts[key] = static_cast<int64_t>(number("backbone", recipe.backbone, key));
  }
  for (const char* key : {"dropout", "emb_dropout", "drop_path"}) facts[key] = number("backbone", recipe.backbone, key);
  return facts;
}

at::Tensor bytes_of(const at::Tensor& views, const lafs::InputContract& input) {
  return ((views * input.std[0] + input.mean[0]) * 255).round().to(at::kByte);
}

/// What a peer of LAFS must be given beside the weights.
nlohmann::json add_views(Bundle& bundle, const Bench& bench) {
  for (const char* group : {"global", "global_clean", "local", "local_clean"}) {
    bundle.add(group, bytes_of(bench.batch->views(group), bench.recipe.input));
  }
  const auto draws = bench.draws();
  const int64_t globals = bench.batch->views("global").size(0), locals = bench.batch->views("local").size(0);
  bundle.add("noise_global", draws->views(globals, 0)->normal("landmark_noise", {196, 2}));
  bundle.add("noise_local", draws->views(locals, globals)->normal("landmark_noise", {196, 2}));
  bundle.add("choice", draws->views(locals, globals)->integers("landmark_choice", 196, {36}));
  nlohmann::json facts;
  for (const char* key : {"hidden", "bottleneck", "outputs"}) {
    facts["head"][key] = static_cast<int64_t>(number("projector", bench.recipe.projector, key));
  }
  facts["teacher_temperature"] = 0.07;  // the reference's first epoch, where the agreement is taken
  return facts;
}

/// The same of a supervised peer.
nlohmann::json add_pictures(Bundle& bundle, const Bench& bench) {
  bundle.add("image", bytes_of(bench.batch->views("image"), bench.recipe.input));
  bundle.add("labels", bench.batch->labels());
  nlohmann::json facts;
  for (const char* key : {"margin", "scale"}) facts["head"][key] = number("head", bench.recipe.head, key);
  return facts;
}

void write_agreement(Bench& bench, const std::filesystem::path& file) {
  Bundle bundle;
  nlohmann::json facts = bench.batch->has("image") ? add_pictures(bundle, bench) : add_views(bundle, bench);
  facts["backbone"] = backbone_facts(bench.recipe);
  facts["landmark_names"] = nlohmann::json::array();
  for (const auto& [name, tensor] : lafs::nn::state_of(bench.trainer.root())) {
    if (tensor.scalar_type() != at::kFloat || name.starts_with("teacher.")) continue;
    bundle.add(name, tensor);
    if (name.starts_with("landmark_source.")) facts["landmark_names"].push_back(name.substr(16));
  }
  Silent reporter;
  lafs::SoloCollective collective;
  const lafs::Step step{lafs::Epochs(bench.recipe.run, bench.assembly.images()).timeline(), 0, 1, bench.draws(), collective, reporter};
  at::Tensor loss;
  {
    const lafs::Autocast autocast(bench.recipe.run.precision, bench.device.type());
    loss = bench.trainer.objective().loss(*bench.batch, step);
  }
  loss.backward();
  bundle.add("loss", loss);
  for (const auto& [name, parameter] : lafs::nn::parameters_of(bench.trainer.root())) {
    if (parameter.grad().defined()) bundle.add("gradient." + (name.starts_with("student.") ? name.substr(8) : name), parameter.grad());
    parameter.mutable_grad() = at::Tensor();
  }
  bundle.write(file, facts);
}

nlohmann::json timed(Bench& bench, double seconds) {
  lafs::Timeline time = lafs::Epochs(bench.recipe.run, bench.assembly.images()).timeline();
  time.epoch = 1;  // the last layer moves
  std::vector<double> times;
  double sum = 0;
  for (int64_t i = 0; i < 4 || sum < seconds; ++i) {
    time.index = time.steps_per_epoch + i % time.steps_per_epoch;
    const auto start = Clock::now();
    bench.trainer.step(time, [&] { return bench.batch; });
    if (!bench.device.is_cpu()) c10::impl::VirtualGuardImpl(bench.device.type()).synchronizeDevice(bench.device.index());
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    if (i == 0) continue;  // memory is found in the first step
    times.push_back(took);
    sum += took;
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  return {{"images_per_second", static_cast<double>(bench.recipe.run.batch) / median},
          {"step_seconds", median},
          {"steps", times.size()},
          {"device_peak_memory_mb", static_cast<double>(lafs::device_peak_bytes(bench.device)) / (1 << 20)},
          {"peak_memory_mb", static_cast<double>(lafs::peak_bytes()) / (1 << 20)},
          {"precision", bench.recipe.run.precision},
          {"device", bench.device.str()}};
}

int run(int argc, char** argv) {
  CLI::App app{"one step of a recipe, and what its peer in Python must reproduce"};
  std::filesystem::path file, agreement;
  std::vector<std::string> set;
  double seconds = 20;
  std::string device = "cpu";
  app.add_option("recipe", file)->required();
  app.add_option("--set", set, "KEY=VALUE of the recipe")->take_all();
  app.add_option("--agreement", agreement, "write weights, views, loss and gradients of a step without dropout here, and stop");
  app.add_option("--seconds", seconds, "time to measure");
  app.add_option("--device", device, "cpu or cuda");
  CLI11_PARSE(app, argc, argv);

  lafs::RecipeContext context;
  for (const std::string& item : set) context.overrides.emplace_back(item.substr(0, item.find('=')), item.substr(item.find('=') + 1));
  if (const char* root = std::getenv("LAFS_DATA")) context.data_root = root;
  lafs::Registry registry;
  registry.load_folder(LAFS_TEST_PLUGINS);
  Bench bench(lafs::open_recipe(file, context, registry), lafs::open_device(device));
  lafs::use_threads(bench.recipe.run.threads);
  if (!agreement.empty()) {
    write_agreement(bench, agreement);
    return 0;
  }
  fmt::print("{}\n", timed(bench, seconds).dump());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  lafs::keep_freed_memory();
  try {
    return run(argc, argv);
  } catch (const lafs::RecipeError& error) {
    for (const std::string& line : error.lines()) fmt::print(stderr, "{}\n", line);
  } catch (const std::exception& error) {
    fmt::print(stderr, "lafs_step_bench: error: {}\n", error.what());
  }
  return 1;
}
