// Weights of a larger network, loaded into a smaller one.
#include <map>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/nn/module.h>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "kernel/model/filled_parts.h"
#include "kernel/model/init_record.h"
#include "kernel/model/load.h"
#include "lafs/rng.h"
#include "nn/layers/tree.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/front_door.h"
#include "support/scratch.h"

namespace lafs {
namespace {

using Shapes = std::map<std::string, std::vector<int64_t>>;

/// Modules and parameters of these names.
std::shared_ptr<torch::nn::Module> network(const Shapes& shapes) {
  auto root = std::make_shared<torch::nn::Module>();
  for (const auto& [name, shape] : shapes) {
    const size_t dot = name.rfind('.');
    torch::nn::Module& parent = dot == std::string::npos ? *root : nn::folder(*root, name.substr(0, dot));
    parent.register_parameter(dot == std::string::npos ? name : name.substr(dot + 1), torch::zeros(shape));
  }
  return root;
}

void write(const std::filesystem::path& file, const Shapes& shapes) {
  std::vector<std::vector<float>> numbers;
  numbers.reserve(shapes.size());
  std::vector<formats::TensorBytes> tensors;
  for (const auto& [name, shape] : shapes) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    numbers.emplace_back(static_cast<size_t>(count), 1.0f);
    tensors.push_back({name, "F32", shape, std::as_bytes(std::span(numbers.back()))});
  }
  formats::write_safetensors(file, tensors);
}

/// A transformer's names.
Shapes transformer(int64_t depth, int64_t width) {
  Shapes shapes{
      {"cls_token", {1, 1, width}}, {"pos_embed", {1, 5, width}}, {"patch_embed.proj.weight", {width, 3, 2, 2}}, {"norm.weight", {width}}};
  for (int64_t block = 0; block < depth; ++block) {
    shapes[fmt::format("blocks.{}.norm1.weight", block)] = {width};
    shapes[fmt::format("blocks.{}.attn.qkv.weight", block)] = {3 * width, width};
  }
  return shapes;
}

/// What larger networks have more. `inside`: without it the small one computes something else.
struct Extra {
  const char* name;
  std::vector<int64_t> shape;  ///< -1: the width
  bool inside;
};
const std::vector<Extra> extras{{"blocks.0.ls1.gamma", {-1}, true},
                                {"blocks.0.attn.q_norm.weight", {-1}, true},
                                {"blocks.0.attn.temperature", {1}, true},
                                {"patch_embed.norm.weight", {-1}, true},
                                {"register_tokens", {1, 4, -1}, true},
                                {"dist_token", {1, 1, -1}, true},
                                {"blocks.0.adapter", {0, 4}, false},
                                {"head.weight", {10, -1}, false},
                                {"loss.weight", {3, -1}, false},
                                {"projector.mlp.0.weight", {7, -1}, false},
                                {"extra", {3}, false},
                                {"scale", {}, false}};

struct Files {
  test::ScratchFolder folder;
  std::string file = (folder / "w.safetensors").string();
  InitEntry entry() const {
    InitEntry init;
    init.from.value = file;
    return init;
  }
};

std::vector<std::string> names_of(const nlohmann::json& list, const char* key) {
  std::vector<std::string> names;
  for (const auto& one : list) names.push_back(one.is_string() ? one.get<std::string>() : one.at(key).get<std::string>());
  return names;
}

}  // namespace

TEST_CASE("init: what a file has more in parts that were loaded is an error, what it has beside them is recorded") {
  Rng rng(3);
  int64_t tried = 0, refused = 0;
  for (; tried < 120; ++tried) {
    const Files files;
    const int64_t width = 4 * rng.integer(2, 6), depth = rng.integer(1, 4), deeper = depth + (rng.coin(0.3) ? rng.integer(1, 4) : 0);
    Shapes stored = transformer(deeper, width);
    const Shapes here = transformer(depth, width);
    bool inside = deeper > depth;
    for (const Extra& extra : extras) {
      if (!rng.coin(0.15)) continue;
      inside = inside || extra.inside;
      for (const int64_t size : extra.shape) stored[extra.name].push_back(size < 0 ? width : size);
      if (extra.shape.empty()) stored[extra.name] = {};
    }
    write(files.file, stored);
    InitEntry init = files.entry();
    const auto root = network(here);
    const std::string error = test::error_of([&] { apply_init(init, *root); });
    CHECK((!error.empty()) == inside);
    refused += inside;
    if (inside) CHECK(error.find(" in parts that were loaded, first \"") != std::string::npos);
    // What the error suggests is enough, and then every tensor of both sides is told once.
    if (inside) {
      const size_t at = error.rfind("unused = [\"");
      REQUIRE(at != std::string::npos);
      std::string globs = error.substr(at + 11, error.size() - at - 13);
      for (size_t comma = globs.find("\", \""); comma != std::string::npos; comma = globs.find("\", \"")) {
        init.unused.push_back(globs.substr(0, comma));
        globs.erase(0, comma + 4);
      }
      init.unused.push_back(globs);
    }
    const InitOutcome outcome = apply_init(init, *root);
    CHECK(root->named_parameters()["cls_token"].sum().item<double>() == static_cast<double>(width));
    const nlohmann::json record = init_record({init}, {outcome}).at("init").at(0);
    std::multiset<std::string> told, all;
    for (const char* list : {"loaded", "unused", "dropped", "not_selected"}) {
      for (const std::string& name : names_of(record.at(list), "stored")) told.insert(name);
    }
    for (const auto& [name, shape] : stored) all.insert(name);
    CHECK(told == all);
    CHECK(record.at("loaded").size() == here.size());
    CHECK(record.at("left_random").empty());
  }
  CHECK(tried == 120);
  CHECK(refused > 40);
  CHECK(refused < 110);
}

TEST_CASE("init: the error about a larger network is one sentence with a way on") {
  const Files files;
  write(files.file, transformer(3, 8));
  const auto root = network(transformer(1, 8));
  CHECK(test::error_of([&] { apply_init(files.entry(), *root); }) ==
        fmt::format(
            "[[init]] loads 6 of 6 tensors into \"\" from \"{}\"; 4 not used, first \"blocks.1.attn.qkv.weight\"; 4 of these lie in parts "
            "that were loaded, first \"blocks.1.attn.qkv.weight\": the file is of a larger or another network, and without them the "
            "network computes something else; give it the options of the file's, or allow this with unused = [\"blocks.1.*\", "
            "\"blocks.2.*\"]",
            files.file));
}

TEST_CASE("init: a network within the tree is judged by itself: a head beside it is not part of it") {
  const auto vit =
      test::make<Backbone>("vit", "size = \"custom\"\ndim = 16\ndepth = 1\nheads = 1\npatch = 8\nimg_size = 16\n", InputContract());
  auto root = std::make_shared<torch::nn::Module>();
  root->register_module("backbone", vit->module());
  std::vector<std::string> loaded;
  for (const auto& [name, tensor] : nn::state_of(*root)) loaded.push_back(name);
  const FilledParts parts(*root, loaded);
  CHECK(parts.hold("backbone.blocks.0.ls1.gamma", {"", "F32", {16}, ""}));
  CHECK(parts.hold("backbone.register_tokens", {"", "F32", {1, 4, 16}, ""}));
  CHECK(!parts.hold("backbone.head.weight", {"", "F32", {10, 16}, ""}));
  CHECK(!parts.hold("classifier.weight", {"", "F32", {10, 16}, ""}));
  CHECK(!parts.hold("backbone.blocks.0.counter", {"", "I64", {}, ""}));
  CHECK(!parts.hold("backbone.blocks.0.odd", {"", "", {}, "it holds complex numbers"}));
}

TEST_CASE("init: only and except choose what is judged, and a floor does not hide it") {
  const Files files;
  write(files.file, transformer(2, 8));
  const auto root = network(transformer(1, 8));
  InitEntry init = files.entry();
  init.floor = 0.1;
  CHECK(!test::error_of([&] { apply_init(init, *root); }).empty());
  init.except = {"blocks.1.*"};
  CHECK(test::error_of([&] { apply_init(init, *root); }).empty());
  init.except.clear();
  init.only = {"norm.*"};
  CHECK(test::error_of([&] { apply_init(init, *root); }).empty());
}

}  // namespace lafs
