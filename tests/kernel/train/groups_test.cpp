#include "kernel/train/groups.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/train/tree_layers.h"
#include "lafs/backbone.h"
#include "lafs/error.h"
#include "nn/layers/layers.h"
#include "nn/layers/tree.h"
#include "support/front_door.h"

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

std::vector<std::shared_ptr<RunGroup>> grouped(const torch::nn::Module& root, const OptimizerOptions& options) {
  return parameter_groups(root, TreeLayers(root), options);
}

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
  const auto groups = grouped(tree, {});
  REQUIRE(groups.size() == 1);
  CHECK(groups[0]->names() == Names{"backbone.proj.weight", "backbone.proj.bias", "backbone.norm.weight", "classifier.weight"});
  groups[0]->set(0.5, 0.05);
  CHECK(groups[0]->lr() == 0.5);
  CHECK(groups[0]->weight_decay() == 0.05);
}

TEST_CASE("groups: the first pattern that matches takes a parameter") {
  OptimizerOptions options;
  options.groups = {group("plain", {"rank<=1"}, 0), group("backbone", {"backbone.*"}, 0.3, 0.1), group("matrices", {"rank>=2"})};
  const auto groups = grouped(small(), options);
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
  const auto groups = grouped(small(), options);
  REQUIRE(groups.size() == 2);
  CHECK(groups[1]->names() == Names{"backbone.proj.weight", "backbone.norm.weight", "classifier.weight"});
}

TEST_CASE("groups: a pattern without a parameter left is an error with both names") {
  OptimizerOptions options;
  options.groups = {group("all", {"*"}), group("class token", {"*.cls_token"}, 0)};
  CHECK_THROWS_WITH_AS(grouped(small(), options), "optimizer group \"class token\": no parameter is left for the pattern \"*.cls_token\"",
                       Error);
}

TEST_CASE("groups: a rank is a whole number") {
  OptimizerOptions options;
  for (const std::string rank : {"rank<=x", "rank>=1x", "rank<="}) {
    options.groups = {group("all", {rank})};
    CHECK_THROWS_WITH_AS(grouped(small(), options),
                         ("optimizer groups: the pattern \"" + rank + "\" has no whole number after \"" + rank.substr(0, 6) + "\"").c_str(),
                         Error);
  }
}

TEST_CASE("groups: a tree that does not train is an error") {
  Tree tree;
  tree.add("weight", {2, 2}, false);
  CHECK_THROWS_WITH_AS(grouped(tree, {}), "the objective has no parameter that trains", Error);
}

double scale_of(const std::vector<std::shared_ptr<RunGroup>>& groups, const std::string& name) {
  for (const auto& one : groups) {
    if (std::find(one->names().begin(), one->names().end(), name) != one->names().end()) return one->lr_scale();
  }
  return -1;
}

OptimizerOptions decay(double layer_decay) {
  OptimizerOptions options;
  options.layer_decay = layer_decay;
  options.layer_decay_applied = true;
  return options;
}

/// Stands for the modules of an objective.
class Root final : public torch::nn::Module {
 public:
  Root& with(const std::string& path, const std::shared_ptr<torch::nn::Module>& module) {
    nn::put(*this, path, module);
    return *this;
  }
};

/// Blocks of two tensors each, under names of the author's choice.
class Strange : public torch::nn::Module, public Backbone {
 public:
  explicit Strange(int64_t depth) : depth_(depth) {
    const auto tensor = [&](const std::string& path) {
      const size_t dot = path.rfind('.');
      torch::nn::Module& at = dot == std::string::npos ? *this : nn::folder(*this, path.substr(0, dot));
      at.register_parameter(path.substr(dot + 1), torch::zeros({2, 2}));
    };
    tensor("tokens");
    for (int64_t i = 0; i < depth; ++i) {
      tensor(fmt::format("encoder.layer.{}.attention.weight", i));
      tensor(fmt::format("encoder.layer.{}.output.weight", i));
    }
    tensor("norm.weight");
  }
  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return 2; }
  at::Tensor forward(const at::Tensor& images, const Pass&) override { return images; }

 protected:
  int64_t depth_;
};

class StrangeInLayers final : public Strange, public Layered {
 public:
  using Strange::Strange;
  int64_t depth() const override { return depth_; }
  int64_t layer_of(std::string_view parameter) const override {
    if (const int64_t block = nn::child_number(parameter, "encoder.layer"); block >= 0) return 1 + block;
    return parameter.starts_with("norm.") ? depth_ + 1 : 0;
  }
};

TEST_CASE("groups: layer decay gives the 13 depths of a part fViT the scales of finetuning.md 8") {
  const auto part_fvit =
      test::make<Backbone>("part_fvit", "dim = 8\ndepth = 12\nheads = 1\ndim_head = 8\nmlp_dim = 8\nclass_head = 3", InputContract());
  Root root;
  root.with("backbone", part_fvit->module()).with("classifier", std::make_shared<nn::Linear>(2, 2));
  OptimizerOptions options = decay(0.58);
  options.groups = {group("no decay", {"rank<=1"}, 0)};
  const TreeLayers layers(root);
  const auto groups = parameter_groups(root, layers, options);
  for (const char* name : {"backbone.cls_token", "backbone.pos_embedding", "backbone.patch_to_embedding.weight",
                           "backbone.stn.features.7.conv.0.weight", "backbone.output_layer.1.weight"}) {
    CAPTURE(name);
    CHECK(scale_of(groups, name) == doctest::Approx(0.000840551).epsilon(1e-5));
  }
  for (int block = 0; block < 12; ++block) {
    CHECK(scale_of(groups, fmt::format("backbone.transformer.layers.{}.0.fn.norm.weight", block)) ==
          doctest::Approx(std::pow(0.58, 12 - block)));
  }
  CHECK(scale_of(groups, "backbone.transformer.layers.11.1.fn.fn.net.0.weight") == doctest::Approx(0.58));
  for (const char* name : {"backbone.mlp_head.0.weight", "backbone.loss.weight", "classifier.weight"}) CHECK(scale_of(groups, name) == 1);
  CHECK(groups.size() == 14 * 2);
  CHECK(layers.part_of("backbone.transformer.layers.11.0.fn.norm.weight") == "backbone.transformer.layers.11");
  CHECK(layers.part_of("backbone.transformer.layers.1.1.fn.fn.net.0.weight") == "backbone.transformer.layers.1");
  CHECK(layers.part_of("backbone.stn.features.7.conv.0.weight") == "backbone.stn");
  CHECK(layers.part_of("backbone.cls_token") == "backbone");
  CHECK(layers.part_of("classifier.weight") == "classifier");
}

TEST_CASE("groups: a student's blocks are found below its own path, and a teacher that does not train is passed over") {
  const auto vit = [] { return test::make<Backbone>("vit", "size = \"custom\"\ndim = 8\ndepth = 2\nheads = 1", InputContract()); };
  const auto student = vit(), teacher = vit();
  for (auto& parameter : teacher->module()->parameters()) parameter.requires_grad_(false);
  Root root;
  root.with("student.backbone", student->module()).with("student.head.mlp.0", std::make_shared<nn::Linear>(2, 2));
  root.with("teacher.backbone", teacher->module());
  const TreeLayers layers(root);
  const auto groups = parameter_groups(root, layers, decay(0.5));
  CHECK(groups.size() == 4);
  CHECK(scale_of(groups, "student.backbone.patch_embed.proj.weight") == 0.125);
  CHECK(scale_of(groups, "student.backbone.blocks.0.norm1.weight") == 0.25);
  CHECK(scale_of(groups, "student.backbone.blocks.1.mlp.fc1.weight") == 0.5);
  CHECK(scale_of(groups, "student.backbone.norm.weight") == 1);
  CHECK(scale_of(groups, "student.head.mlp.0.weight") == 1);
  CHECK(layers.part_of("student.backbone.blocks.1.mlp.fc1.weight") == "student.backbone.blocks.1");
  CHECK(layers.part_of("student.backbone.pos_embed") == "student.backbone");
  CHECK(layers.part_of("student.head.mlp.0.weight") == "student.head");
  CHECK(layers.part_of("weight") == "weight");
}

TEST_CASE("groups: blocks of other names decay as their backbone says") {
  Root root;
  root.with("backbone", std::make_shared<StrangeInLayers>(11)).with("classifier", std::make_shared<nn::Linear>(2, 2));
  const TreeLayers layers(root);
  const auto groups = parameter_groups(root, layers, decay(0.5));
  CHECK(groups.size() == 13);
  CHECK(scale_of(groups, "backbone.tokens") == std::pow(0.5, 12));
  CHECK(scale_of(groups, "backbone.encoder.layer.1.attention.weight") == std::pow(0.5, 10));
  CHECK(scale_of(groups, "backbone.encoder.layer.10.output.weight") == 0.5);
  CHECK(scale_of(groups, "backbone.norm.weight") == 1);
  CHECK(scale_of(groups, "classifier.weight") == 1);
  CHECK(layers.part_of("backbone.encoder.layer.1.output.weight") == "backbone.encoder.layer.1");
  CHECK(layers.part_of("backbone.encoder.layer.10.output.weight") == "backbone.encoder.layer.10");
}

TEST_CASE("groups: layer decay without layers is an error that suggests backbones") {
  Root root;
  root.with("student.backbone", std::make_shared<Strange>(3));
  CHECK_THROWS_WITH_AS(parameter_groups(root, TreeLayers(root), decay(0.75), {"fvit", "vit"}),
                       "[optimizer] layer_decay = 0.75 has no effect: the backbone at \"student.backbone\" does not report the layer "
                       "of each parameter; try \"fvit\", \"vit\"",
                       Error);
  Tree plain = small();
  CHECK_THROWS_WITH_AS(parameter_groups(plain, TreeLayers(plain), decay(0.75)),
                       "[optimizer] layer_decay = 0.75 has no effect: no backbone reports the layer of each parameter", Error);
}

TEST_CASE("groups: layer decay that is not applied leaves every scale at 1 (FT-01), whatever the backbone") {
  Root root;
  root.with("backbone", std::make_shared<Strange>(3));
  OptimizerOptions options = decay(0.58);
  options.layer_decay_applied = false;
  const auto groups = parameter_groups(root, TreeLayers(root), options);
  REQUIRE(groups.size() == 1);
  CHECK(groups[0]->lr_scale() == 1);
}

}  // namespace
}  // namespace lafs
