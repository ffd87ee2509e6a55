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

/// Of a loss that is multiplied by a number that is not finite.
const std::string first_in_loss =
    "the first number that is not finite is in the output of aten::copy_, in layer \"teacher.pooler\" or what follows it";

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
  CHECK(ended.err == "lafs: error: the loss is not finite (nan) in step 4, micro-batch 0\n" + first_in_loss + "\n" +
                         in_quotes(tiny / "out/not_finite") +
                         " holds the state before that step and what it was fed; lafs replay runs it again\n"
                         "to go on from the last checkpoint without such steps, add --set run.not_finite=skip; where the loss grew "
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

TEST_CASE("replay: a step of a bundle comes out the same, bit for bit, and the bundle says what it was fed") {
  const Tiny tiny(hiccup_text);
  for (const std::string where : {"loss", "gradient"}) {
    CAPTURE(where);
    const Arguments planted{"--set", "objective.where=" + where, "--set", "run.accumulate=2", "--set", "objective.at=[2]"};
    REQUIRE(tiny.run(where, planted).status == 1);
    const auto bundle = json_file(tiny / where / "not_finite/bundle.json");
    CHECK(bundle.at("step") == 2);
    CHECK(bundle.at("pass") == (where == "loss" ? "forward" : "backward"));
    CHECK(bundle.at("micro_batches").size() == (where == "loss" ? 1 : 2));
    CHECK(bundle.at("micro_batches").at(0).at("keys").size() == 8);
    CHECK(bundle.at("micro_batches").at(0).at("micro_batch") == 4);
    // The state is that of the checkpoint after two steps: nothing of the failed one is in it.
    CHECK(read_bytes(tiny / where / "not_finite/checkpoints/last/weights.safetensors") ==
          read_bytes(tiny / where / "checkpoints/last/weights.safetensors"));
    const Outcome again = lafs({"replay", tiny / where});
    CHECK_MESSAGE(again.status == 0, again.err);
    CHECK(again.out == "step 2: " + bundle.at("what").get<std::string>() + "\n" + bundle.at("first").get<std::string>() +
                           "\nrun again: equal, bit for bit\n");
  }
}

TEST_CASE("replay: what differs is listed, and what is not a bundle is refused") {
  const Tiny tiny(hiccup_text);
  REQUIRE(tiny.run("out", at_four).status == 1);
  const fs::path bundle = tiny / "out/not_finite";
  fs::create_directories(tiny / "empty");
  auto json = json_file(bundle / "bundle.json");
  json["micro_batches"][0]["digest"] = "00";
  json["layer"] = "elsewhere";
  write_bytes(bundle / "bundle.json", json.dump());
  const Outcome other = lafs({"replay", bundle});
  CHECK(other.status == 1);
  CHECK_MESSAGE(other.out.ends_with("run again, it differs:\n"
                                    "  the pictures of micro-batch 4 have other bits: the data is not what it was\n  " +
                                    first_in_loss + "\n"),
                other.out);
  CHECK(lafs({"replay", bundle, "--set", "optimizer.lr=1"}).err ==
        "lafs: error: these overrides make another training of it; a step can be run again on another device or with other threads only\n");
  CHECK(lafs({"replay", tiny / "empty"}).err ==
        "lafs: error: " + in_quotes(tiny / "empty") +
            " holds no bundle of a step that was not finite; a run that ends so writes one to its folder, as not_finite\n");
  write_bytes(bundle / "bundle.json", "{}");
  CHECK(lafs({"replay", bundle})
            .err.starts_with("lafs: error: " + in_quotes(bundle / "bundle.json") + ": not the record of a step that failed: "));
  fs::remove_all(bundle / "checkpoints");
  write_bytes(bundle / "bundle.json", json.dump());
  CHECK(lafs({"replay", bundle}).err ==
        "lafs: error: " + in_quotes(bundle) + " holds no state of before the step: only what the run said of it is known\n");
}

}  // namespace
}  // namespace lafs::test
