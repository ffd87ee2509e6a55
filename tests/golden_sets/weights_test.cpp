#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "formats/torch_checkpoint.h"
#include "kernel/model/load.h"
#include "kernel/recipe/name_map.h"
#include "support/golden.h"
#include "support/golden_model.h"

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

  /// The backbone of the pre-training checkpoint, with a class head of so many classes; 0: without one.
  std::shared_ptr<Backbone> pretrained_fvit(nlohmann::json settings, int64_t classes = 0) {
    settings["num_class"] = classes;
    return test::model_from("fvit", settings);
  }

  size_t count_names(const test::Tensors& tensors, const std::vector<std::string>& prefixes) {
    return std::count_if(tensors.begin(), tensors.end(), [&](const auto& item) {
      return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) { return item.first.starts_with(prefix); });
    });
  }

  const auto same = [](const std::string& name) { return name; };

  TEST_CASE("weights: the whole pre-training checkpoint becomes student, teacher and centre") {
    if (!test::golden_ready("weights", {"lafs_step.json", "lafs_step.checkpoint.pth", "lafs_step.final_student.safetensors",
                                        "lafs_step.final_teacher.safetensors", "lafs_step.trace.safetensors"}))
      return;
    const test::Tensors ours = mapped("lafs_step.checkpoint.pth", "pretraining");
    test::Tensors recorded;
    for (const std::string network : {"student", "teacher"}) {
      for (const auto& [name, tensor] : test::golden_tensors("lafs_step.final_" + network + ".safetensors"))
        recorded.emplace(network + "." + name, tensor);
    }
    CHECK(equal_ones(ours, recorded, same) == recorded.size());
    CHECK(ours.size() == recorded.size() + 1);
    const size_t steps = test::golden_json("lafs_step.json").at("lr").size();
    CHECK(torch::equal(ours.at("center"), test::golden_tensors("lafs_step.trace.safetensors").at(fmt::format("step{}.center", steps - 1))));
  }

  TEST_CASE("weights: a backbone is loaded from teacher or student, with its class rows where it has them") {
    if (!test::golden_ready("weights", {"lafs_step.json", "lafs_step.checkpoint.pth", "lafs_step.final_student.safetensors",
                                        "lafs_step.final_teacher.safetensors"}))
      return;
    const nlohmann::json settings = test::golden_json("lafs_step.json");
    const int64_t classes = settings.at("num_class"), width = settings.at("dim");
    const WeightsFile file(test::golden_file("lafs_step.checkpoint.pth"));
    for (const std::string network : {"student", "teacher"}) {
      CAPTURE(network);
      const NameMap map = map_named("lafs_" + network);
      const test::Tensors recorded = test::golden_tensors("lafs_step.final_" + network + ".safetensors");
      const size_t in_backbone = count_names(recorded, {"backbone."}) - 1;  // without the class rows
      const auto backbone = pretrained_fvit(settings);
      const LoadAccount account = load_matching(file, {.map = &map}, *backbone->module());
      CHECK(account.matched.size() == in_backbone);
      CHECK(account.missing.empty());
      CHECK(account.wrong_shape.empty());
      CHECK(account.dropped.size() == count_names(recorded, {"head."}));
      CHECK(account.unexpected.size() == 1);
      CHECK(account.unexpected.front().ends_with("backbone.loss.weight"));
      test::Tensors state;
      for (const auto& [name, tensor] : nn::state_of(*backbone->module())) state.emplace(name, tensor);
      CHECK(equal_ones(state, recorded, [](const std::string& name) { return "backbone." + name; }) == in_backbone);
    }
    const NameMap map = map_named("lafs_teacher");
    const auto fits = pretrained_fvit(settings, classes), other = pretrained_fvit(settings, classes + 2);
    CHECK(load_matching(file, {.map = &map}, *fits->module()).matched.size() == nn::state_of(*fits->module()).size());
    const LoadAccount account = load_matching(file, {.map = &map}, *other->module());
    REQUIRE(account.wrong_shape.size() == 1);
    CHECK(account.wrong_shape[0].name == "loss.weight");
    CHECK(account.wrong_shape[0].reason == fmt::format("F32 [{}, {}] in the file, F32 [{}, {}] here", classes, width, classes + 2, width));
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

  TEST_CASE("weights: a file without landmarks gives the landmark CNN nothing, with one all of its tensors") {
    if (!test::golden_ready("weights",
                            {"finetune_plain.final_module_prefix.pth", "part_fvit_tiny.json", "part_fvit_tiny.state.safetensors"}))
      return;
    const std::string file = test::golden_file("finetune_plain.final_module_prefix.pth").string();
    const NameMap map = map_named("landmark_cnn");
    CHECK_THROWS_WITH_AS(map_names(map, WeightsFile(file).names(), file),
                         fmt::format("map \"landmark_cnn\" takes nothing from \"{}\"", file).c_str(), Error);
    const test::Tensors recorded = test::golden_tensors("part_fvit_tiny.state.safetensors");
    const auto cnn = test::make<Backbone>("landmark_cnn", fmt::format("landmarks = {}", recorded.at("output_layer.1.bias").numel() / 2),
                                          test::input_from(test::golden_json("part_fvit_tiny.json")));
    const LoadAccount account =
        load_matching(WeightsFile(test::golden_file("part_fvit_tiny.state.safetensors")), {.map = &map}, *cnn->module());
    CHECK(account.matched.size() == count_names(recorded, {"stn.", "output_layer."}));
    CHECK(account.missing.empty());
    CHECK(account.unexpected.empty());
  }

  TEST_CASE("weights: moments and steps of the optimizer stand under the index that the map of names gives") {
    if (!test::golden_ready("weights", {"lafs_step.checkpoint.pth", "lafs_step.optimizer_map.json"})) return;
    const formats::TorchCheckpoint file(test::golden_file("lafs_step.checkpoint.pth"));
    std::map<std::string, std::vector<int64_t>> shapes;
    std::map<std::string, double> counts;
    for (const auto& [name, tensor] : file.tensors()) {
      shapes.emplace(name, tensor.shape);
      if (!name.starts_with("optimizer.state.") || !name.ends_with(".step") || tensor.dtype != "F32") continue;
      float count = 0;
      std::memcpy(&count, file.bytes(tensor).data(), sizeof count);
      counts.emplace(name.substr(std::string("optimizer.state.").size()), count);
    }
    const nlohmann::json map = test::golden_json("lafs_step.optimizer_map.json");
    const auto names = map.at("names_in_index_order").get<std::vector<std::string>>();
    std::vector<size_t> moments;
    for (size_t i = 0; i < names.size(); ++i) {
      const auto moment = shapes.find(fmt::format("optimizer.state.{}.exp_avg", i));
      if (moment == shapes.end()) continue;
      CHECK_MESSAGE(moment->second == shapes.at("student.module." + names[i]), names[i]);
      moments.push_back(i);
    }
    CHECK(moments == map.at("indices_with_state").get<std::vector<size_t>>());
    CHECK(counts == map.at("step_counts").get<std::map<std::string, double>>());
  }
  }  // namespace
}
