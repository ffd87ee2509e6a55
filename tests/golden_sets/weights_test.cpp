#include <cstring>
#include <map>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "formats/torch_checkpoint.h"
#include "kernel/model/load.h"
#include "kernel/recipe/name_map.h"
#include "support/front_door.h"
#include "support/golden.h"

// The reference's own files through our maps: every tensor accounted for, and equal to what was recorded beside them.
TEST_SUITE("weights") {
  namespace {
  using namespace lafs;

  NameMap map_named(const std::string& name) { return read_name_map(test::registry().map(name)); }

  /// Tensors of a file by the names a map gives.
  test::Tensors mapped(const std::string& file, const std::string& map) {
    const WeightsFile weights(test::golden_file(file));
    test::Tensors out;
    for (const auto& [place, name] : map_names(map_named(map), weights.names(), file).taken) {
      const StoredTensor& info = weights.tensors()[place];
      at::Tensor tensor = at::empty(info.shape, test::scalar_type_of(info.dtype));
      const auto bytes = weights.bytes(place);
      if (!bytes.empty()) std::memcpy(tensor.mutable_data_ptr(), bytes.data(), bytes.size());
      out.emplace(name, tensor);
    }
    return out;
  }

  /// How many of `ours` equal the recorded tensor of the name that `theirs` makes.
  template <typename Rename>
  size_t equal_ones(const test::Tensors& ours, const test::Tensors& recorded, Rename theirs) {
    size_t equal = 0;
    for (const auto& [name, tensor] : ours) {
      const auto found = recorded.find(theirs(name));
      if (found == recorded.end()) continue;
      CHECK_MESSAGE(torch::equal(tensor, found->second), name);
      ++equal;
    }
    return equal;
  }

  std::shared_ptr<Backbone> tiny_fvit(const std::string& more = "") {
    return test::make<Backbone>("fvit", "dim = 48\ndepth = 2\nheads = 3\ndim_head = 64\nmlp_dim = 96\n" + more, InputContract());
  }

  const auto same = [](const std::string& name) { return name; };

  TEST_CASE("weights: the whole pre-training checkpoint becomes student, teacher and centre") {
    if (!test::golden_ready("weights", {"lafs_step.checkpoint.pth", "lafs_step.final_student.safetensors",
                                        "lafs_step.final_teacher.safetensors", "lafs_step.trace.safetensors"}))
      return;
    const test::Tensors ours = mapped("lafs_step.checkpoint.pth", "pretraining");
    CHECK(ours.size() == 75);
    test::Tensors recorded;
    for (const std::string network : {"student", "teacher"}) {
      for (const auto& [name, tensor] : test::golden_tensors("lafs_step.final_" + network + ".safetensors"))
        recorded.emplace(network + "." + name, tensor);
    }
    CHECK(recorded.size() == 74);
    CHECK(equal_ones(ours, recorded, same) == 74);
    CHECK(ours.at("center").sizes() == std::vector<int64_t>{1, 256});
  }

  TEST_CASE("weights: a backbone is loaded from teacher or student, with its class rows where it has them") {
    if (!test::golden_ready("weights",
                            {"lafs_step.checkpoint.pth", "lafs_step.final_student.safetensors", "lafs_step.final_teacher.safetensors"}))
      return;
    const WeightsFile file(test::golden_file("lafs_step.checkpoint.pth"));
    for (const std::string network : {"student", "teacher"}) {
      CAPTURE(network);
      const NameMap map = map_named("lafs_" + network);
      const auto backbone = tiny_fvit();
      const LoadAccount account = load_matching(file, {.map = &map}, *backbone->module());
      CHECK(account.matched.size() == 28);
      CHECK(account.missing.empty());
      CHECK(account.wrong_shape.empty());
      CHECK(account.dropped.size() == 8);
      CHECK(account.unexpected.size() == 1);
      CHECK(account.unexpected.front().ends_with("backbone.loss.weight"));
      test::Tensors state;
      for (const auto& [name, tensor] : nn::state_of(*backbone->module())) state.emplace(name, tensor);
      CHECK(equal_ones(state, test::golden_tensors("lafs_step.final_" + network + ".safetensors"),
                       [](const std::string& name) { return "backbone." + name; }) == 28);
    }
    const NameMap map = map_named("lafs_teacher");
    const auto fits = tiny_fvit("class_head = 7"), other = tiny_fvit("class_head = 9");
    CHECK(load_matching(file, {.map = &map}, *fits->module()).matched.size() == 29);
    const LoadAccount account = load_matching(file, {.map = &map}, *other->module());
    CHECK(account.wrong_shape == std::vector<std::string>{"loss.weight"});
    CHECK(account.first_wrong == "F32 [7, 48] in the file, F32 [9, 48] here");
  }

  TEST_CASE("weights: a supervised checkpoint with \"module.\" in front is its plain twin") {
    if (!test::golden_ready("weights", {"finetune_plain.final_module_prefix.pth", "finetune_plain.final.safetensors"})) return;
    const test::Tensors recorded = test::golden_tensors("finetune_plain.final.safetensors");
    const test::Tensors prefixed = mapped("finetune_plain.final_module_prefix.pth", "supervised");
    CHECK(prefixed.size() == recorded.size());
    CHECK(equal_ones(prefixed, recorded, same) == recorded.size());
    CHECK(equal_ones(mapped("finetune_plain.final.safetensors", "supervised"), recorded, same) == recorded.size());
    const test::Tensors tree = mapped("finetune_plain.final_module_prefix.pth", "supervised_model");
    CHECK(equal_ones(tree, recorded, [](const std::string& name) {
            return name == "classifier.weight" ? std::string("loss.weight") : name.substr(std::string("backbone.").size());
          }) == recorded.size());
  }

  TEST_CASE("weights: a file without landmarks gives the landmark CNN nothing, with one its 294 tensors") {
    if (!test::golden_ready("weights", {"finetune_plain.final_module_prefix.pth", "part_fvit_tiny.state.safetensors"})) return;
    const std::string file = test::golden_file("finetune_plain.final_module_prefix.pth").string();
    const NameMap map = map_named("landmark_cnn");
    CHECK_THROWS_WITH_AS(map_names(map, WeightsFile(file).names(), file),
                         fmt::format("map \"landmark_cnn\" takes nothing from \"{}\"", file).c_str(), Error);
    const auto cnn = test::make<Backbone>("landmark_cnn", "", InputContract());
    const LoadAccount account =
        load_matching(WeightsFile(test::golden_file("part_fvit_tiny.state.safetensors")), {.map = &map}, *cnn->module());
    CHECK(account.matched.size() == 294);
    CHECK(account.missing.empty());
    CHECK(account.unexpected.empty());
  }

  TEST_CASE("weights: moments of the optimizer stand under the index that the map of names gives") {
    if (!test::golden_ready("weights", {"lafs_step.checkpoint.pth", "lafs_step.optimizer_map.json"})) return;
    const formats::TorchCheckpoint file(test::golden_file("lafs_step.checkpoint.pth"));
    std::map<std::string, std::vector<int64_t>> shapes;
    for (const auto& [name, tensor] : file.tensors()) shapes.emplace(name, tensor.shape);
    const auto names = test::golden_json("lafs_step.optimizer_map.json").at("names_in_index_order").get<std::vector<std::string>>();
    size_t moments = 0;
    for (size_t i = 0; i < names.size(); ++i) {
      const auto moment = shapes.find(fmt::format("optimizer.state.{}.exp_avg", i));
      if (moment == shapes.end()) continue;
      CHECK_MESSAGE(moment->second == shapes.at("student.module." + names[i]), names[i]);
      ++moments;
    }
    CHECK(moments > 30);
  }
  }  // namespace
}
