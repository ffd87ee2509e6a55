#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "nn/train/initial_values.h"
#include "support/training.h"

using namespace lafs;

namespace {

const std::string grid =
    "landmark_source = { use = \"part_fvit\", landmark_source = \"grid\", dim = 8, depth = 1, heads = 1, dim_head = 8, mlp_dim = 8 }\n";

struct LafsTask {
  test::HandAssembly assembly;
  std::shared_ptr<Objective> objective;
  test::HandBatch batch;
  test::HandStep hand;

  explicit LafsTask(const std::string& options = grid + "local_tokens = 5\n", const std::string& backbone = "fvit",
                    const std::string& more = "") {
    assembly.contract.height = assembly.contract.width = 32;
    const std::string small =
        "dim = 16\ndepth = 1\nheads = 2\ndim_head = 8\nmlp_dim = 16\npatch = 8\ndropout = 0\nemb_dropout = 0\ndrop_path = 0\n";
    assembly.backbone_use = test::use<Backbone>(backbone, backbone == "fvit" ? small + more : more);
    assembly.projector_use = test::use<Projector>("dino_head", "hidden = 16\nbottleneck = 8\noutputs = 24");
    objective = test::make<Objective>("lafs", options, assembly);
    nn::initialise(*objective->module(), 4);
    const at::NoGradGuard no_grad;
    objective->start();
    torch::manual_seed(1);
    for (const char* group : {"global", "local"}) {
      const int64_t views = group == std::string("global") ? 2 : 3;
      batch.groups[fmt::format("{}_clean", group)] = torch::randn({views, 4, 3, 32, 32});
      batch.groups[group] = torch::randn({views, 4, 3, 32, 32});
    }
    batch.identities = torch::arange(4, at::kLong);
    hand.step.draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{0, 1, 2, 3});
  }
  double loss() { return objective->loss(batch, hand.step).item<double>(); }
  std::vector<std::string> asked() {
    const auto draws = std::make_shared<test::HandDraws>(std::vector<int64_t>{0, 1, 2, 3});
    hand.step.draws = draws;
    loss();
    std::vector<std::string> names = *draws->asked;
    std::sort(names.begin(), names.end());
    return names;
  }
};

double loss_with(const std::string& more) { return LafsTask(grid + "local_tokens = 5\n" + more).loss(); }

std::string lafs_error(const std::string& options, const std::string& backbone = "fvit", const std::string& more = "") {
  try {
    const LafsTask task(options, backbone, more);
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("lafs: the landmark source is frozen, in the tree under its name, and no part of student or teacher") {
  LafsTask task;
  const auto source = nn::submodule(*task.objective->module(), "landmark_source");
  CHECK(dynamic_cast<Landmarked*>(source.get()) != nullptr);
  for (const auto& [name, parameter] : nn::parameters_of(*source)) CHECK(!parameter.requires_grad());
  task.objective->loss(task.batch, task.hand.step).backward();
  for (const auto& [name, parameter] : nn::parameters_of(*source)) CHECK(!parameter.grad().defined());
  CHECK(task.hand.reporter.values.at("landmark_spread") > 1);
}

TEST_CASE("lafs: pairs of views are needed, local ones unless they may be missing (P17)") {
  std::vector<std::string> groups;
  for (const ViewNeed& need : LafsTask().objective->required_views()) groups.push_back(need.group);
  CHECK(groups == std::vector<std::string>{"global", "global_clean", "local", "local_clean"});
  LafsTask task(grid + "local_tokens = 5\nneed_local_views = false");
  CHECK(task.objective->required_views().size() == 2);
  task.batch.groups.erase("local");
  task.batch.groups.erase("local_clean");
  CHECK(std::isfinite(task.loss()));
}

TEST_CASE("lafs: noise on both kinds of view, choices of landmarks for local ones alone") {
  CHECK(LafsTask().asked() == std::vector<std::string>{"landmark_choice", "landmark_noise", "landmark_noise"});
  CHECK(LafsTask(grid + "local_tokens = 5\nnoise_global = 0").asked() == std::vector<std::string>{"landmark_choice", "landmark_noise"});
  CHECK(LafsTask(grid + "local_tokens = 5\nshuffle_global = true").asked() ==
        std::vector<std::string>{"landmark_choice", "landmark_noise", "landmark_noise", "landmark_order"});
}

TEST_CASE("lafs: each quirk changes the loss, and each can be told (P6, P9, P10, P11)") {
  const double published = loss_with("");
  CHECK(published == loss_with(""));
  CHECK(published ==
        loss_with("position_rows = \"slot\"\nlocal_replacement = true\nshuffle_global = false\nnoise_global = 5\nnoise_local = 5"));
  for (const char* other : {"position_rows = \"landmark\"", "local_replacement = false", "shuffle_global = true", "noise_global = 0",
                            "noise_local = 0", "patch_layout = \"plain\"", "patch_centre = \"symmetric\""}) {
    CAPTURE(other);
    CHECK(loss_with(other) != published);
  }
}

TEST_CASE("lafs: where positions follow the landmark, the order of global tokens does not matter") {
  const double ordered = loss_with("position_rows = \"landmark\""),
               shuffled = loss_with("position_rows = \"landmark\"\nshuffle_global = true");
  CHECK(std::abs(ordered - shuffled) < 1e-5);
}

TEST_CASE("lafs: every landmark once, chosen without replacement and placed by its number, is a global view") {
  LafsTask task(grid + "local_tokens = 16\nlocal_replacement = false\nposition_rows = \"landmark\"\nnoise_global = 0\nnoise_local = 0");
  task.batch.groups["local"] = task.batch.groups["global"].slice(0, 0, 1);
  task.batch.groups["local_clean"] = task.batch.groups["global_clean"].slice(0, 0, 1);
  const double by_local = task.loss();
  // Three views of which the third repeats the first: the pairs (teacher 0, student 2) and (1, 2) then are (0, 0) and (1, 0).
  LafsTask same(grid + "local_tokens = 16\nnoise_global = 0\nnoise_local = 0");
  same.batch = task.batch;
  same.hand.step.draws = nullptr;  // the first 16 of 16 landmarks, in order
  CHECK(std::abs(by_local - same.loss()) < 1e-5);
}

TEST_CASE("lafs: errors suggest plugins") {
  const std::string where = "inline.toml:1:1: error: objective \"lafs\": ";
  CHECK(lafs_error("landmark_source = { use = \"fvit\" }") ==
        where + "landmark_source \"fvit\" gives no landmarks; try \"landmark_cnn\", \"part_fvit\"");
  CHECK(lafs_error(grid, "vit", "size = \"custom\"\ndim = 16\ndepth = 1\nheads = 2") ==
        where + "the backbone takes no tokens; try \"fvit\", \"part_fvit\"");
  CHECK(lafs_error(grid) == where + "local_tokens = 36 is more than the backbone has positions for, which is 16");
  CHECK(lafs_error("landmark_source = { use = \"landmark_cnn\", landmarks = 20 }\nlocal_tokens = 5") ==
        where + "landmark_source \"landmark_cnn\" gives 20 landmarks, but the backbone has positions for 16 tokens");
  CHECK(lafs_error(grid + "local_replacement = false\nlocal_tokens = 20", "fvit", "num_patches = 30") ==
        where + "local_tokens = 20 is more than the 16 landmarks there are without replacement");
  CHECK(lafs_error(grid + "teacher_temperature = 0\nlocal_tokens = 5") ==
        where + "teacher_temperature: from = 0; a temperature must be above 0");
}

TEST_CASE("lafs: views that are no pairs are named") {
  LafsTask task;
  task.batch.groups["local_clean"] = torch::randn({3, 4, 3, 16, 16});
  CHECK_THROWS_WITH_AS(task.loss(), "views \"local\" and \"local_clean\" differ in number or size; they must be the same crops", Error);
}
