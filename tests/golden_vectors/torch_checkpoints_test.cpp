#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "formats/torch_checkpoint.h"
#include "support/vector_record.h"
#include "support/wide_numbers.h"

using namespace lafs::formats;
using lafs::test::json_numbers;
using lafs::test::same_numbers;
using nlohmann::json;

namespace {

const json& recorded() {
  static const json vector = lafs::test::read_vectors("torch_checkpoints.json");
  return vector;
}

const TorchTensor* find(const TorchCheckpoint& checkpoint, const std::string& name) {
  for (const auto& [known, tensor] : checkpoint.tensors())
    if (known == name) return &tensor;
  return nullptr;
}

void check_tensor(const TorchCheckpoint& checkpoint, const TorchTensor& tensor, const json& expected) {
  const std::map<std::string, std::string> types{{"float32", "F32"}, {"float16", "F16"}, {"bfloat16", "BF16"}, {"bool", "BOOL"},
                                                 {"int8", "I8"},     {"uint8", "U8"},    {"int16", "I16"},     {"int32", "I32"},
                                                 {"int64", "I64"},   {"float64", "F64"}};
  CHECK(tensor.dtype == types.at(expected["dtype"].get<std::string>()));
  CHECK(tensor.shape == expected["shape"].get<std::vector<int64_t>>());
  CHECK(tensor.strides == expected["stride"].get<std::vector<int64_t>>());
  CHECK(tensor.offset == expected["offset"].get<int64_t>());
  CHECK(same_numbers(lafs::test::wide_numbers(tensor.dtype, checkpoint.bytes(tensor)), json_numbers(expected["values_row_major"])));
}

void check_tensors(const TorchCheckpoint& checkpoint, const json& expected, const std::string& prefix = "") {
  for (const auto& [name, tensor] : expected.items()) {
    CAPTURE(name);
    const TorchTensor* found = find(checkpoint, prefix + name);
    REQUIRE(found);
    check_tensor(checkpoint, *found, tensor);
  }
}

std::vector<std::string> keys_of(const PickleValue& dict) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < dict.items.size(); i += 2) keys.emplace_back(dict.items[i]->text);
  return keys;
}

/// Numbers, texts, truth values, none, and sequences of them.
json plain(const PickleValue& value) {
  using Kind = PickleValue::Kind;
  if (value.is(Kind::boolean)) return value.integer != 0;
  if (value.is(Kind::integer)) return value.integer;
  if (value.is(Kind::real)) return value.real;
  if (value.is_text()) return std::string(value.text);
  json list;
  if (value.is_sequence()) list = json::array();
  if (value.is_sequence())
    for (const PickleValue* item : value.items) list.push_back(plain(*item));
  return list;
}

void check_entries(const PickleValue& dict, const json& expected) {
  for (const auto& [key, value] : expected.items()) {
    CAPTURE(key);
    const PickleValue* found = dict.find(key);
    REQUIRE(found);
    CHECK(plain(*found) == value);
  }
}

void check_training_checkpoint(const TorchCheckpoint& checkpoint) {
  const json& wanted = recorded()["dino_like"];
  const PickleValue& root = checkpoint.root();
  CHECK(keys_of(root) == wanted["top_keys"].get<std::vector<std::string>>());
  CHECK(keys_of(*root.find("student")) == wanted["student_keys"].get<std::vector<std::string>>());
  CHECK(keys_of(*root.find("teacher")) == wanted["teacher_keys"].get<std::vector<std::string>>());
  CHECK(plain(*root.find("epoch")) == wanted["epoch"]);
  check_entries(*root.find("args")->state, wanted["args"]);
  check_entries(*root.find("optimizer")->find("param_groups")->items[0], wanted["optimizer_group0"]);
  const TorchTensor* moment = find(checkpoint, "optimizer.state.0.exp_avg");
  REQUIRE(moment);
  check_tensor(checkpoint, *moment, wanted["optimizer_exp_avg_0"]);
  // Both copies of the network are the recorded state, under the recorded names.
  for (const char* part : {"student", "teacher"})
    for (const std::string& key : keys_of(*root.find(part))) {
      const TorchTensor* found = find(checkpoint, std::string(part) + "." + key);
      REQUIRE(found);
      check_tensor(checkpoint, *found, recorded()["state_dict"][key.substr(key.rfind('.') + 1)]);
    }
}

}  // namespace

TEST_SUITE("vectors_torch_checkpoints") {
  TEST_CASE("every file reads as recorded, new form and old") {
    std::map<std::string, int> kinds;
    for (const auto& [name, record] : recorded()["files"].items()) {
      CAPTURE(name);
      const TorchCheckpoint checkpoint(lafs::test::recorded_file(record));
      checkpoint.verify();
      const json& state = recorded()["state_dict"];
      if (name.starts_with("dino_like")) {
        check_training_checkpoint(checkpoint);
      } else if (name.starts_with("views")) {
        CHECK(checkpoint.tensors().size() == recorded()["views"].size());
        check_tensors(checkpoint, recorded()["views"]);
      } else if (name.starts_with("tensor") || name.starts_with("parameter")) {
        REQUIRE(checkpoint.tensors().size() == 1);  // the weight alone, or as a parameter under a name
        check_tensor(checkpoint, checkpoint.tensors()[0].second, state["weight"]);
      } else {
        CHECK(checkpoint.tensors().size() == state.size());
        check_tensors(checkpoint, state);
      }
      ++kinds[name.substr(0, name.find_first_of("_."))];
    }
    CHECK(kinds.size() > 1);
  }
}
