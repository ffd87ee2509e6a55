#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

/// Twelve steps of an objective whose loss is not a number in those that `hiccup` names.
const std::string hiccup_text = std::string("[run]\nplugins = [\"") + LAFS_TEST_BINARY_DIR + R"(/lib/lafs/strangers/strangers.so"]
seed = 3
epochs = 2
batch = 8
threads = 1
loader_threads = 1
log_every = 1
checkpoint_every = 1
keep_every = 1
device = "cpu"
[input]
height = 32
width = 32
[data_source]
use = "synthetic_faces"
identities = 8
per_identity = 6
size = 32
[augmentation]
use = "dino_views"
global_size = 32
local_size = 16
[backbone]
use = "strange_vit"
[objective]
use = "hiccup"
[optimizer]
use = "adamw"
lr = 1e-3
)";

const Arguments at_four{"--set", "objective.at=[4]"}, skip{"--set", "run.not_finite=skip"};

/// Bytes of the weights and the optimizer's state after so many steps; every checkpoint is kept.
std::string state_at(const fs::path& run, int step) {
  const fs::path checkpoint = run / "checkpoints" / ("step-" + std::string(step < 10 ? 7 : 6, '0') + std::to_string(step));
  return read_bytes(checkpoint / "weights.safetensors") + read_bytes(checkpoint / "optimizer.safetensors");
}

TEST_CASE("not finite: a step that is left out changes no bit of model and optimizer, and is counted") {
  const Tiny tiny(hiccup_text);
  for (const char* accumulate : {"1", "2"}) {
    CAPTURE(accumulate);
    const std::string out = std::string("out") + accumulate;
    const Outcome run =
        lafs(Arguments{"run", tiny.recipe(), "--out", tiny / out, "--set", std::string("run.accumulate=") + accumulate} + at_four + skip);
    REQUIRE_MESSAGE(run.status == 0, run.err);
    CHECK(run.err.find("the loss is not finite (nan) in step 4, micro-batch 0: the step is left out\n") != std::string::npos);
    CHECK(state_at(tiny / out, 4) == state_at(tiny / out, 5));
    CHECK(state_at(tiny / out, 5) != state_at(tiny / out, 6));
    CHECK(json_file(tiny / out / "results.json").at("left_out_steps") == "4");
    CHECK(json_file(tiny / out / "checkpoints/last/state.json").at("left_out_steps") == nlohmann::json{4});
    for (const auto& line : log_of(tiny / out)) CHECK(line.value("step", -1) != 4);
  }
}

TEST_CASE("not finite: a run that such a step ended goes on without it, to the bytes of one that was told before") {
  const Tiny tiny(hiccup_text);
  REQUIRE(tiny.run("told", at_four + skip).status == 0);
  const Outcome ended = tiny.run("out", at_four);
  CHECK(ended.status == 1);
  CHECK(ended.err == "lafs: error: the loss is not finite (nan) in step 4, micro-batch 0; the inputs of that step are in \"" +
                         (tiny / "out/not_finite.json").string() +
                         "\"\nto go on from the last checkpoint without such steps, add --set run.not_finite=skip; where the loss grew "
                         "before, begin again with a smaller learning rate\n");
  REQUIRE(tiny.run("out", at_four + skip).status == 0);
  CHECK(trained(tiny / "out") == trained(tiny / "told"));
}

TEST_CASE("not finite: the limit counts the steps of all sessions") {
  const Tiny tiny(hiccup_text);
  const Arguments limit{"--set", "objective.at=[4, 6, 9]", "--set", "run.not_finite_limit=2"};
  const Outcome ended = tiny.run("out", limit + skip);
  CHECK(ended.status == 1);
  CHECK(ended.err ==
        "lafs: error: the loss is not finite (nan) in step 9, micro-batch 0\n"
        "steps without a finite loss or gradient: 3, more than [run] not_finite_limit = 2 allows; the learning rate may be too "
        "large. A checkpoint was written; with a larger limit the run goes on from there\n");
  CHECK(json_file(tiny / "out/checkpoints/last/state.json").at("left_out_steps") == nlohmann::json{4, 6, 9});
  CHECK(tiny.run("out", limit + skip).err.starts_with("lafs: error: steps left out before: 4, 6, 9\nsteps without a finite loss"));
  CHECK(tiny.run("out", limit + skip + Arguments{"--set", "run.not_finite_limit=3"}).status == 0);
}

}  // namespace
}  // namespace lafs::test
