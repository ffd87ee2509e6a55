#include "nn/layers/tree.h"

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/layers.h"
#include "nn/train/initial_values.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

std::shared_ptr<torch::nn::Module> small_tree() {
  auto root = std::make_shared<torch::nn::Module>();
  put(*root, "b.0.norm", std::make_shared<LayerNorm>(2));
  put(*root, "a", std::make_shared<Linear>(2, 3));
  root->register_buffer("center", torch::zeros({2}));
  root->register_parameter("token", torch::zeros({1}));
  return root;
}

}  // namespace

TEST_CASE("tree: state comes in Python's order, own parameters before own buffers before children") {
  std::vector<std::string> names, parameters;
  const auto root = small_tree();
  for (const auto& [name, tensor] : state_of(*root)) names.push_back(name);
  for (const auto& [name, tensor] : parameters_of(*root)) parameters.push_back(name);
  CHECK(names == std::vector<std::string>{"token", "center", "b.0.norm.weight", "b.0.norm.bias", "a.weight", "a.bias"});
  CHECK(parameters == std::vector<std::string>{"token", "b.0.norm.weight", "b.0.norm.bias", "a.weight", "a.bias"});
}

TEST_CASE("tree: modules and tensors are found by path") {
  const auto root = small_tree();
  CHECK(submodule(*root, "").get() == root.get());
  CHECK(std::dynamic_pointer_cast<LayerNorm>(submodule(*root, "b.0.norm")));
  CHECK(find_tensor(*root, "a.weight").sizes().vec() == std::vector<int64_t>{3, 2});
  CHECK_FALSE(find_tensor(*root, "a.nothing").defined());
  CHECK_THROWS_WITH_AS(submodule(*root, "b.1.norm"), "the tree has no module \"b.1.norm\"", Error);
}

TEST_CASE("tree: state is copied by name, and a difference is an error") {
  const auto from = small_tree(), to = small_tree();
  {
    const at::NoGradGuard no_grad;
    for (const auto& [name, tensor] : state_of(*from)) tensor.uniform_();
  }
  copy_state(*from, *to);
  for (const auto& [name, tensor] : state_of(*from)) CHECK(at::equal(tensor, find_tensor(*to, name)));

  to->register_buffer("more", torch::zeros({1}));
  CHECK_THROWS_WITH_AS(copy_state(*from, *to), "tensor \"more\" is in one tree only", Error);
  CHECK_THROWS_WITH_AS(copy_state(*to, *from), "tensor \"more\" is in one tree only", Error);
  from->register_buffer("more", torch::zeros({2}));
  CHECK_THROWS_WITH_AS(copy_state(*from, *to), "tensor \"more\" has shape [2] in one tree, [1] in the other", Error);
}

TEST_CASE("tree: the number of a child follows its folder's name, and only there") {
  CHECK(child_number("blocks.3.norm1.weight", "blocks") == 3);
  CHECK(child_number("encoder.layer.12.dense.bias", "encoder.layer") == 12);
  CHECK(child_number("encoder.layer.12", "encoder.layer") == 12);
  for (const char* other : {"blocks", "blocks.", "blocks.norm.weight", "blocks.3x.weight", "blocks.-1.weight", "block.3.weight",
                            "blocks2.3.weight", "student.blocks.3.weight"}) {
    CAPTURE(other);
    CHECK(child_number(other, "blocks") == -1);
  }
}
