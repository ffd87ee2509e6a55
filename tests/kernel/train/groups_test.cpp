#include "kernel/train/groups.h"

#include <cmath>
#include <map>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

#include "lafs/error.h"

namespace lafs {
namespace {

/// A tree with parameters of the given names and shapes.
class Tree final : public torch::nn::Module {
 public:
  void add(const std::string& name, const std::vector<int64_t>& shape, bool trains = true) {
    Tree* at = this;
    std::string rest = name;
    for (size_t dot; (dot = rest.find('.')) != std::string::npos; rest = rest.substr(dot + 1)) {
      auto& child = at->kids_[rest.substr(0, dot)];
      if (!child) child = at->register_module(rest.substr(0, dot), std::make_shared<Tree>());
      at = child.get();
    }
    at->register_parameter(rest, torch::zeros(shape), trains);
  }

 private:
  std::map<std::string, std::shared_ptr<Tree>> kids_;
};

GroupOptions group(const std::string& name, std::vector<std::string> match, double weight_decay = -1, double lr_scale = 1) {
  GroupOptions out;
  out.name = name;
  out.match = std::move(match);
  out.weight_decay = weight_decay;
  out.lr_scale = lr_scale;
  return out;
}

using Names = std::vector<std::string>;

Tree small() {
  Tree tree;
  tree.add("backbone.proj.weight", {4, 3});
  tree.add("backbone.proj.bias", {4});
  tree.add("backbone.norm.weight", {4});
  tree.add("classifier.weight", {5, 4});
  return tree;
}

TEST_CASE("groups: without patterns everything that trains is one group, with the optimizer's decay") {
  Tree tree = small();
  tree.add("teacher.weight", {4, 3}, false);
  const auto groups = parameter_groups(tree, {});
  REQUIRE(groups.size() == 1);
  CHECK(groups[0]->names() == Names{"backbone.proj.weight", "backbone.proj.bias", "backbone.norm.weight", "classifier.weight"});
  groups[0]->set(0.5, 0.05);
  CHECK(groups[0]->lr() == 0.5);
  CHECK(groups[0]->weight_decay() == 0.05);
}

TEST_CASE("groups: the first pattern that matches takes a parameter") {
  OptimizerOptions options;
  options.groups = {group("plain", {"rank<=1"}, 0), group("backbone", {"backbone.*"}, 0.3, 0.1), group("matrices", {"rank>=2"})};
  const auto groups = parameter_groups(small(), options);
  REQUIRE(groups.size() == 3);
  CHECK(groups[0]->names() == Names{"backbone.proj.bias", "backbone.norm.weight"});
  CHECK(groups[1]->names() == Names{"backbone.proj.weight"});
  CHECK(groups[2]->names() == Names{"classifier.weight"});
  for (const auto& one : groups) one->set(2, 0.05);
  CHECK(groups[0]->weight_decay() == 0);
  CHECK(groups[1]->weight_decay() == 0.3);
  CHECK(groups[1]->lr() == 2 * 0.1);
  CHECK(groups[2]->weight_decay() == 0.05);
}

TEST_CASE("groups: what no pattern takes goes into a last group") {
  OptimizerOptions options;
  options.groups = {group("bias", {"*.bias"}, 0)};
  const auto groups = parameter_groups(small(), options);
  REQUIRE(groups.size() == 2);
  CHECK(groups[1]->names() == Names{"backbone.proj.weight", "backbone.norm.weight", "classifier.weight"});
}

TEST_CASE("groups: a pattern without a parameter left is an error with both names") {
  OptimizerOptions options;
  options.groups = {group("all", {"*"}), group("class token", {"*.cls_token"}, 0)};
  CHECK_THROWS_WITH_AS(parameter_groups(small(), options),
                       "optimizer group \"class token\": no parameter is left for the pattern \"*.cls_token\"", Error);
}

TEST_CASE("groups: a rank is a whole number") {
  OptimizerOptions options;
  for (const std::string rank : {"rank<=x", "rank>=1x", "rank<="}) {
    options.groups = {group("all", {rank})};
    CHECK_THROWS_WITH_AS(parameter_groups(small(), options),
                         ("optimizer groups: the pattern \"" + rank + "\" has no whole number after \"" + rank.substr(0, 6) + "\"").c_str(),
                         Error);
  }
}

TEST_CASE("groups: a parameter's part ends with its block's number, or after two names") {
  CHECK(part_of("student.backbone.transformer.layers.11.0.fn.norm.weight") == "student.backbone.transformer.layers.11");
  CHECK(part_of("backbone.blocks.3.norm1.weight") == "backbone.blocks.3");
  CHECK(part_of("student.head.mlp.0.weight") == "student.head");
  CHECK(part_of("backbone.cls_token") == "backbone");
  CHECK(part_of("weight") == "weight");
}

TEST_CASE("groups: a tree that does not train is an error") {
  Tree tree;
  tree.add("weight", {2, 2}, false);
  CHECK_THROWS_WITH_AS(parameter_groups(tree, {}), "the objective has no parameter that trains", Error);
}

/// The names of LAFS's part fViT with 12 blocks and its landmark network, two tensors a place.
Tree part_fvit() {
  Tree tree;
  for (const char* token : {"backbone.cls_token", "backbone.pos_embedding"}) tree.add(token, {1, 1, 4});
  tree.add("backbone.patch_to_embedding.weight", {4, 3});
  tree.add("backbone.stn.features.layers.7.weight", {4, 3});
  tree.add("backbone.output_layer.1.weight", {4, 3});
  for (int block = 0; block < 12; ++block) {
    tree.add(fmt::format("backbone.transformer.layers.{}.0.fn.norm.weight", block), {4});
    tree.add(fmt::format("backbone.transformer.layers.{}.1.fn.fn.net.0.weight", block), {4, 4});
  }
  tree.add("backbone.mlp_head.0.weight", {4});
  tree.add("classifier.weight", {5, 4});
  return tree;
}

TEST_CASE("groups: layer decay gives 13 depths the scales of finetuning.md 8") {
  OptimizerOptions options;
  options.layer_decay = 0.58;
  options.layer_decay_applied = true;
  options.groups = {group("no decay", {"rank<=1"}, 0)};
  std::map<std::string, double> scale;
  const auto groups = parameter_groups(part_fvit(), options);
  for (const auto& one : groups) {
    for (const std::string& name : one->names()) scale[name] = one->lr_scale();
  }
  for (const char* name : {"backbone.cls_token", "backbone.pos_embedding", "backbone.patch_to_embedding.weight",
                           "backbone.stn.features.layers.7.weight", "backbone.output_layer.1.weight"}) {
    CAPTURE(name);
    CHECK(scale.at(name) == doctest::Approx(0.000840551).epsilon(1e-5));
  }
  for (int block = 0; block < 12; ++block) {
    CHECK(scale.at(fmt::format("backbone.transformer.layers.{}.0.fn.norm.weight", block)) == doctest::Approx(std::pow(0.58, 12 - block)));
  }
  CHECK(scale.at("backbone.transformer.layers.11.1.fn.fn.net.0.weight") == doctest::Approx(0.58));
  CHECK(scale.at("backbone.mlp_head.0.weight") == 1);
  CHECK(scale.at("classifier.weight") == 1);
  CHECK(groups.size() == 12 * 2 + 1 + 2);
}

TEST_CASE("groups: layer decay that is not applied leaves every scale at 1 (FT-01)") {
  OptimizerOptions options;
  options.layer_decay = 0.58;
  const auto groups = parameter_groups(part_fvit(), options);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0]->lr_scale() == 1);
}

}  // namespace
}  // namespace lafs
