#include "kernel/model/networks.h"

#include <doctest/doctest.h>
#include <torch/types.h>

#include "kernel/recipe/resolver.h"
#include "nn/layers/tree.h"
#include "support/front_door.h"

namespace lafs {
namespace {

Recipe lafs_recipe() {
  const std::string text =
      "[input]\nheight = 32\nwidth = 32\n[backbone]\nuse = \"fvit\"\ndim = 24\ndepth = 1\nheads = 2\ndim_head = 12\nmlp_dim = 32\n"
      "[projector]\nuse = \"dino_head\"\nhidden = 16\nbottleneck = 8\noutputs = 24\n"
      "[objective]\nuse = \"lafs\"\nlocal_tokens = 5\nteacher_temperature = 0.05\n"
      "landmark_source = { use = \"landmark_cnn\", landmarks = 9 }\n";
  return open_recipe_text(text, "lafs.toml", {}, test::registry());
}

TEST_CASE("networks: each backbone of the tree is listed with the options it was made with") {
  const Recipe recipe = lafs_recipe();
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::closed, [](const std::string&) {});
  const auto objective = assembly.objective();
  const auto networks = networks_of(*objective->module(), assembly, recipe);
  REQUIRE(networks.size() == 3);
  CHECK(networks[0].path == "student.backbone");
  CHECK(networks[1].path == "teacher.backbone");
  CHECK(networks[1].plugin == "fvit");
  CHECK(networks[1].options == options_text(recipe.backbone));
  CHECK(networks[2].path == "landmark_source");
  CHECK(networks[2].plugin == "landmark_cnn");
  CHECK(networks[2].options.find("landmarks = 9\n") != std::string::npos);
}

TEST_CASE("networks: one whose options nobody knows is left out") {
  const Recipe recipe = lafs_recipe();
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::closed, [](const std::string&) {});
  const auto root = std::make_shared<torch::nn::Module>();
  const auto ours = assembly.backbone(),
             guide = test::make<Backbone>("vit", "size = \"custom\"\ndim = 8\ndepth = 1\nheads = 1", recipe.input);
  nn::put(*root, "student.backbone", ours->module());
  nn::put(*root, "guide.backbone", guide->module());
  const auto networks = networks_of(*root, assembly, recipe);
  REQUIRE(networks.size() == 1);
  CHECK(networks[0].path == "student.backbone");
}

}  // namespace
}  // namespace lafs
