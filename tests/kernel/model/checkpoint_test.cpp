#include "kernel/model/checkpoint.h"

#include <set>

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

#include "kernel/model/assembly.h"
#include "kernel/model/load.h"
#include "kernel/train/tiny_recipe.h"
#include "kernel/train/trainer.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs {
namespace {

namespace fs = std::filesystem;

/// A trainer whose weights follow a seed.
struct Model {
  explicit Model(uint64_t seed, const std::string& optimizer = "use = \"adamw\"\n")
      : recipe(test::tiny_recipe("", optimizer)),
        assembly(recipe, RecipeAssembly::Data::open, [](const std::string&) {}),
        trainer(recipe, assembly, at::kCPU) {
    nn::initialise(trainer.root(), seed);
  }
  void save(CheckpointStore& store, int64_t step, bool best = false) {
    RunPosition position;
    position.step = step;
    position.micro = 2 * step;
    position.total = 100;
    position.best_score = 0.75;
    position.best_step = 3;
    CheckpointFacts facts;
    facts.identity = "0123abcd";
    facts.recipe = recipe.resolved;
    facts.encoder = "backbone";
    facts.backbone = "fvit";
    facts.backbone_options = "dim = 24\n";
    facts.networks = {{"backbone", "fvit", "dim = 24\n"}, {"guide", "vit", "depth = 2\n"}};
    facts.input = recipe.input;
    facts.data_fingerprint = "feed";
    facts.identities = 4;
    store.save(trainer.root(), trainer.optimizer(), position, facts);
    if (best) store.update(position, facts, true);
  }

  Recipe recipe;
  RecipeAssembly assembly;
  Trainer trainer;
};

bool same(torch::nn::Module& a, torch::nn::Module& b) {
  auto first = nn::state_of(a), second = nn::state_of(b);
  if (first.size() != second.size()) return false;
  for (size_t i = 0; i < first.size(); ++i) {
    if (first[i].first != second[i].first || !at::equal(first[i].second, second[i].second)) return false;
  }
  return true;
}

TEST_CASE("checkpoint: weights, position and facts come back as they were") {
  const test::ScratchFolder folder;
  CheckpointStore store(folder.path());
  Model saved(1), loaded(2);
  CHECK(!same(saved.trainer.root(), loaded.trainer.root()));
  saved.save(store, 7);
  const fs::path last = store.find("last");
  load_weights(last / "weights.safetensors", loaded.trainer.root());
  load_optimizer(last / "optimizer.safetensors", loaded.trainer.optimizer());
  CHECK(same(saved.trainer.root(), loaded.trainer.root()));
  const auto [position, facts] = read_checkpoint_state(last);
  CHECK(position.step == 7);
  CHECK(position.micro == 14);
  CHECK(position.total == 100);
  CHECK(position.best_score == 0.75);
  CHECK(position.best_step == 3);
  CHECK(facts.identity == "0123abcd");
  CHECK(facts.recipe == saved.recipe.resolved);
  CHECK(facts.encoder == "backbone");
  CHECK(facts.backbone == "fvit");
  CHECK(facts.backbone_options == "dim = 24\n");
  REQUIRE(facts.networks.size() == 2);
  CHECK(facts.networks[1].path == "guide");
  CHECK(facts.networks[1].plugin == "vit");
  CHECK(facts.networks[1].options == "depth = 2\n");
  CHECK(facts.input.difference(saved.recipe.input).empty());
  CHECK(facts.data_fingerprint == "feed");
  CHECK(facts.identities == 4);
}

TEST_CASE("checkpoint: the scaler of an fp16 run comes back to the bit, and others have none") {
  const test::ScratchFolder folder;
  CheckpointStore store(folder.path());
  Model model(1);
  model.save(store, 1);
  CHECK(!read_checkpoint_state(store.find("last")).first.scaler);
  RunPosition position;
  position.scaler = GradScalerState{0.1F, 1234, 5, 2};
  store.save(model.trainer.root(), model.trainer.optimizer(), position, {});
  CHECK(read_checkpoint_state(store.find("last")).first.scaler == position.scaler);
}

TEST_CASE("checkpoint: only what last and best name is kept") {
  const test::ScratchFolder folder;
  CheckpointStore store(folder.path());
  Model model(1);
  CHECK(store.find("last").empty());
  fs::create_directories(folder / "checkpoints" / ".step-00000009.part");
  model.save(store, 1, true);
  model.save(store, 2);
  model.save(store, 3);
  CHECK(fs::read_symlink(folder / "checkpoints" / "last") == "step-00000003");
  CHECK(fs::read_symlink(folder / "checkpoints" / "best") == "step-00000001");
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / "checkpoints")) names.insert(entry.path().filename());
  CHECK(names == std::set<std::string>{"best", "last", "step-00000001", "step-00000003"});
  CHECK(resolve_checkpoint(folder.path()) == folder / "checkpoints" / "best");
  CHECK(resolve_checkpoint(folder / "checkpoints" / "last") == folder / "checkpoints" / "last");
}

TEST_CASE("checkpoint: saving a step again takes its place") {
  const test::ScratchFolder folder;
  CheckpointStore store(folder.path());
  Model first(1), second(2);
  first.save(store, 5);
  second.save(store, 5, true);
  Model loaded(3);
  load_weights(store.find("best") / "weights.safetensors", loaded.trainer.root());
  CHECK(same(second.trainer.root(), loaded.trainer.root()));
}

TEST_CASE("checkpoint: a byte that changed names its tensor and file") {
  const test::ScratchFolder folder;
  CheckpointStore store(folder.path());
  Model model(1);
  model.save(store, 5);
  const fs::path file = store.find("last") / "weights.safetensors";
  std::string bytes = test::read_bytes(file);
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
  test::write_bytes(file, bytes);
  CHECK_THROWS_WITH_AS(
      load_weights(file, model.trainer.root()),
      fmt::format("tensor \"classifier.weight\" of \"{}\" is damaged: its hash differs from the recorded one", file.string()).c_str(),
      Error);
}

TEST_CASE("checkpoint: a tensor of another shape, one too few and one too many are named") {
  const test::ScratchFolder folder;
  CheckpointStore store(folder.path());
  Model model(1);
  model.save(store, 5);
  const fs::path file = store.find("last") / "weights.safetensors";
  const auto error = [&](const std::shared_ptr<torch::nn::Module>& backbone) {
    auto root = std::make_shared<torch::nn::Module>();
    root->register_module("backbone", backbone);
    try {
      load_weights(file, *root);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  const auto backbone = [&](const std::string& more) {
    return test::make<Backbone>("fvit", "dim = 24\nheads = 2\ndim_head = 12\ndropout = 0\n" + more, model.recipe.input)->module();
  };
  CHECK(error(backbone("depth = 1\nmlp_dim = 40\n")) ==
        fmt::format("\"{}\": tensor \"backbone.transformer.layers.0.1.fn.fn.net.0.weight\" is F32 [32, 24], expected F32 [40, 24]",
                    file.string()));
  CHECK(error(backbone("depth = 2\nmlp_dim = 32\n")) ==
        fmt::format("\"{}\" has no tensor \"backbone.transformer.layers.1.0.fn.norm.weight\"", file.string()));
  CHECK(error(backbone("depth = 1\nmlp_dim = 32\n")) ==
        fmt::format("\"{}\" has a tensor \"classifier.weight\" that the run does not have", file.string()));
}

TEST_CASE("checkpoint: a partial load says what matched, what is missing, and what was not used") {
  const test::ScratchFolder folder;
  CheckpointStore store(folder.path());
  Model model(1);
  model.save(store, 5);
  const fs::path file = store.find("last") / "weights.safetensors";
  const auto deeper =
      test::make<Backbone>("fvit", "dim = 24\nheads = 2\ndim_head = 12\ndropout = 0\ndepth = 2\nmlp_dim = 40\n", model.recipe.input);
  const LoadAccount account = load_matching(WeightsFile(file), {.select = "backbone"}, *deeper->module());
  REQUIRE(account.wrong_shape.size() == 3);
  CHECK(account.wrong_shape[0].name == "transformer.layers.0.1.fn.fn.net.0.weight");
  CHECK(account.wrong_shape[1].name == "transformer.layers.0.1.fn.fn.net.0.bias");
  CHECK(account.wrong_shape[2].name == "transformer.layers.0.1.fn.fn.net.3.weight");
  CHECK(account.missing.size() == 11);
  CHECK(account.missing.front() == "transformer.layers.1.0.fn.norm.weight");
  CHECK(account.matched.size() == 14);
  CHECK(account.unexpected.empty());
  const LoadAccount whole = load_matching(WeightsFile(file), {}, *nn::submodule(model.trainer.root(), "backbone"));
  CHECK(whole.matched.empty());
  CHECK(whole.unexpected.size() == nn::state_of(model.trainer.root()).size());
}

TEST_CASE("checkpoint: a damaged or absent state.json is an error with its name") {
  const test::ScratchFolder folder;
  CheckpointStore store(folder.path());
  Model model(1);
  model.save(store, 5);
  const fs::path last = store.find("last");
  const std::string text = test::read_bytes(last / "state.json");
  test::write_bytes(last / "state.json", "{\"step\": 5");
  CHECK_THROWS_WITH_AS(
      read_checkpoint_state(last),
      fmt::format("\"{}\" is damaged: parse error at line 1, column 11: syntax error while parsing object - unexpected end "
                  "of input; expected '}}'",
                  (last / "state.json").string())
          .c_str(),
      Error);
  test::write_bytes(last / "state.json", "{\"step\": 5}");
  CHECK_THROWS_WITH_AS(read_checkpoint_state(last),
                       fmt::format("\"{}\" is damaged: key 'micro_batch' not found", (last / "state.json").string()).c_str(), Error);
  fs::remove(last / "state.json");
  CHECK_THROWS_WITH_AS(read_checkpoint_state(last), fmt::format("\"{}\" is not a checkpoint: it has no state.json", last.string()).c_str(),
                       Error);
  CHECK_THROWS_WITH_AS(resolve_checkpoint(folder / "none"), fmt::format("\"{}\" does not exist", (folder / "none").string()).c_str(),
                       Error);
  fs::create_directory(folder / "empty");
  CHECK_THROWS_WITH_AS(resolve_checkpoint(folder / "empty"),
                       fmt::format("\"{}\" is neither a checkpoint nor a run folder with one", (folder / "empty").string()).c_str(), Error);
}

TEST_CASE("init: too small a share of tensors is an error with the whole account") {
  const test::ScratchFolder folder;
  CheckpointStore store(folder.path());
  Model model(1);
  model.save(store, 5);
  InitEntry init;
  init.into = "backbone";
  init.from.value = store.find("last").string();
  init.select = "backbone";
  const std::string file = (store.find("last") / "weights.safetensors").string();
  Model other(2);
  CHECK(apply_init(init, other.trainer.root()).text == fmt::format("17 of 17 tensors into \"backbone\" from \"{}\"", file));
  init.select = "";
  CHECK_THROWS_WITH_AS(
      apply_init(init, other.trainer.root()),
      fmt::format(
          "[[init]] loads 0 of 17 tensors into \"backbone\" from \"{}\"; 17 missing, first \"pos_embedding\"; 18 not "
          "used, first \"backbone.pos_embedding\"; that is less than floor = 1; 17 of them are found below \"backbone.\": select that "
          "prefix",
          file)
          .c_str(),
      Error);
}

}  // namespace
}  // namespace lafs
