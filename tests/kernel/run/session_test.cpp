/// A recipe trained through the kernel alone: this program links lafs_run and nothing of the runner.
// [train]
#include <filesystem>
#include <vector>

#include "kernel/run/session.h"

/// Hears the loss of every optimizer step.
struct LossTrace final : lafs::RunListener {
  std::vector<double> losses;
  void step(const lafs::StepDone& step) override { losses.push_back(step.loss); }
};

/// Trains a recipe into a run folder, or continues what is there.
std::vector<double> train(const std::filesystem::path& recipe_file, const std::filesystem::path& plugins,
                          const std::filesystem::path& folder) {
  lafs::Registry registry;
  registry.load_folder(plugins);
  const lafs::Recipe recipe = lafs::open_recipe(recipe_file, {}, registry);
  LossTrace trace;
  lafs::run_session({recipe, registry, folder, {}, {&trace}});
  return trace.losses;
}
// [/train]

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "kernel/registry/library_gate.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs::test {
namespace {

namespace fs = std::filesystem;

/// Twelve pictures of drawn faces, two epochs of three steps.
const char* const recipe_text = R"([run]
seed = 3
epochs = 2
batch = 4
threads = 1
loader_threads = 1
device = "cpu"
[input]
height = 32
width = 32
[data_source]
use = "synthetic_faces"
identities = 4
per_identity = 3
size = 32
[augmentation]
use = "none"
[backbone]
use = "fvit"
dim = 24
depth = 1
heads = 2
dim_head = 12
mlp_dim = 32
[head]
use = "cosface"
[objective]
use = "identification"
[optimizer]
use = "adamw"
)";

TEST_CASE("kernel: a recipe is trained without the runner, and a listener hears every step") {
  const ScratchFolder folder;
  write_bytes(folder / "faces.toml", recipe_text);
  const std::vector<double> losses = train(folder / "faces.toml", LAFS_TEST_PLUGINS, folder / "run");
  CHECK(losses.size() == 6);
  for (const char* file : {"recipe.toml", "manifest.json", "metrics.jsonl", "results.json", "checkpoints/last/weights.safetensors"}) {
    CAPTURE(file);
    CHECK(fs::is_regular_file(folder / "run" / file));
  }
  CHECK_FALSE(fs::exists(folder / "run" / "report.html"));  // a listener of the runner writes it
  CHECK(train(folder / "faces.toml", LAFS_TEST_PLUGINS, folder / "run").empty());
  CHECK(train(folder / "faces.toml", LAFS_TEST_PLUGINS, folder / "again") == losses);
}

TEST_CASE("kernel: it needs no library that only the runner has") {
  const auto names = needed_libraries("/proc/self/exe");
  CHECK(std::any_of(names.begin(), names.end(), [](const std::string& name) { return name.starts_with("libtorch_cpu"); }));
  CHECK(std::none_of(names.begin(), names.end(), [](const std::string& name) { return name.starts_with("libopencv"); }));
}

TEST_CASE("kernel: docs/architecture.md shows the code above") {
  const fs::path root(LAFS_TEST_SOURCE);
  const std::string source = read_bytes(root / "tests" / "kernel" / "run" / "session_test.cpp");
  const std::string first = "// [train]\n", last = "// [/train]\n";
  const size_t begin = source.find(first) + first.size();
  const std::string shown = "```cpp\n" + source.substr(begin, source.find(last) - begin) + "```\n";
  CHECK(read_bytes(root / "docs" / "architecture.md").find(shown) != std::string::npos);
}

}  // namespace
}  // namespace lafs::test
