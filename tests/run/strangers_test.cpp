#include <string>

#include <doctest/doctest.h>

#include "run/tiny.h"

namespace lafs::test {
namespace {

const std::string strangers = "run.plugins=[\"" LAFS_TEST_BINARY_DIR "/lib/lafs/strangers/strangers.so\"]";

/// The tiny recipe with other components.
class Strange {
 public:
  explicit Strange(const std::string& tables, const std::string& optimizer = "") {
    write_bytes(
        recipe(),
        "[run]\nseed = 3\nbatch = 8\nsteps = 1\nthreads = 1\nloader_threads = 1\nlog_every = 1\ndevice = \"cpu\"\n[input]\nheight = 32\n"
        "width = 32\n[data_source]\nuse = \"synthetic_faces\"\nidentities = 8\nper_identity = 6\nsize = 32\n"
        "[optimizer]\nuse = \"adamw\"\nlr = 1e-3\n" +
            optimizer + tables);
  }
  fs::path recipe() const { return folder_ / "strange.toml"; }
  fs::path out() const { return folder_ / "out"; }
  Outcome check(const Arguments& more = {}) const { return lafs(Arguments{"check", recipe(), "--set", strangers} + more); }

 private:
  ScratchFolder folder_;
};

std::string supervised(const std::string& backbone) {
  return "[augmentation]\nuse = \"none\"\n[head]\nuse = \"cosface\"\n[objective]\nuse = \"identification\"\n[backbone]\nuse = \"" +
         backbone + "\"\n";
}

const std::string decay = "layer_decay = 0.5\nlayer_decay_applied = true\n";
const std::string small_fvit = "[backbone]\nuse = \"fvit\"\ndim = 16\ndepth = 1\nheads = 1\ndim_head = 8\nmlp_dim = 16\n";
const std::string dino = "[augmentation]\nuse = \"dino_views\"\nglobal_size = 32\nlocal_size = 16\n[backbone]\nuse = \"strange_vit\"\n";

TEST_CASE("strangers: blocks of other names get learning rates and gradient norms of their own") {
  const Strange strange(supervised("strange_vit"), decay);
  const Outcome run = lafs({"run", strange.recipe(), "--out", strange.out(), "--quiet", "--set", strangers});
  REQUIRE_MESSAGE(run.status == 0, run.err);
  const auto values = log_of(strange.out()).front();
  for (const char* part : {"backbone.embeddings", "backbone.encoder.layer.0", "backbone.encoder.layer.1", "backbone.encoder.layer.2",
                           "backbone.pooler", "classifier"}) {
    CAPTURE(part);
    CHECK(values.dump().find("\"gradient_norm/" + std::string(part) + "\"") != std::string::npos);
  }
  const auto state = json_file(strange.out() / "checkpoints/last/state.json");
  REQUIRE(state.at("networks").size() == 1);
  CHECK(state.at("networks")[0].at("path") == "backbone");
  CHECK(state.at("networks")[0].at("plugin") == "strange_vit");
}

TEST_CASE("strangers: layer_decay on a backbone that says nothing of its layers is an error") {
  const Strange strange(supervised("silent_vit"), decay);
  const Outcome check = strange.check();
  CHECK(check.status == 2);
  CHECK(check.err == strange.recipe().string() +
                         ": error: [optimizer] layer_decay = 0.5 has no effect: the backbone at \"backbone\" does not report the layer "
                         "of each parameter; try \"fvit\", \"part_fvit\", \"strange_vit\", \"vit\"\n");
  CHECK(strange.check({"--set", "optimizer.layer_decay_applied=false"}).status == 0);
  CHECK(strange.check({"--set", "backbone.use=strange_vit"}).status == 0);
}

TEST_CASE("strangers: freeze_last_layer with a projector that names no prototypes is an error") {
  const Strange strange(dino + "[projector]\nuse = \"plain_projector\"\n[objective]\nuse = \"dino\"\n");
  const Outcome check = strange.check();
  CHECK(check.status == 2);
  CHECK(check.err ==
        strange.recipe().string() +
            ":28:1: error: objective \"dino\": freeze_last_layer = 1 would freeze nothing: the projector does not say which of its "
            "parameters are prototypes; set it to 0, or take another projector; try \"dino_head\"\n");
  CHECK(strange.check({"--set", "objective.freeze_last_layer=0"}).status == 0);
}

TEST_CASE("strangers: a landmark network of another build starts from random weights as ours does") {
  const std::string tables = "[augmentation]\nuse = \"lafs_views\"\nsize = 32\n" + small_fvit +
                             "[projector]\nuse = \"dino_head\"\nhidden = 16\nbottleneck = 8\noutputs = 24\n"
                             "[objective]\nuse = \"lafs\"\nlocal_tokens = 5\nteacher_temperature = 0.05\n";
  const Strange strange(tables + "landmark_source = { use = \"strange_points\" }\n"), ours(tables);
  const std::string warning =
      ": warning: landmark_source starts from random weights: it is frozen, so its landmarks stay arbitrary; give [[init]] into = "
      "\"landmark_source\" those of a trained network\n";
  CHECK(strange.check().err == strange.recipe().string() + warning);
  CHECK(ours.check().err == ours.recipe().string() + warning);
  CHECK(ours.check({"--set", "objective.landmark_source={use=\"part_fvit\", landmark_source=\"grid\"}"}).err == "");
}

}  // namespace
}  // namespace lafs::test
