#include "kernel/model/load.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

#include "formats/safetensors.h"
#include "formats/torch_writer.h"
#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "support/bytes.h"
#include "support/front_door.h"
#include "support/scratch.h"

namespace lafs {
namespace {

/// Two tensors in a trunk, one in a head.
class Model final : public torch::nn::Module {
 public:
  Model() {
    trunk = register_module("trunk", std::make_shared<torch::nn::Module>());
    head = register_module("head", std::make_shared<torch::nn::Module>());
    a = trunk->register_parameter("a", torch::zeros({2}));
    b = trunk->register_parameter("b", torch::zeros({3}));
    c = head->register_parameter("c", torch::zeros({2}));
  }
  std::shared_ptr<torch::nn::Module> trunk, head;
  at::Tensor a, b, c;
};

struct Files {
  test::ScratchFolder folder;
  std::vector<float> numbers{1, 2, 3, 4};
  std::string file = (folder / "w.pth").string();

  formats::TensorBytes tensor(const std::string& name, int64_t size) const {
    return {name, "F32", {size}, std::as_bytes(std::span(numbers)).first(static_cast<size_t>(size) * 4)};
  }
  InitEntry entry() const {
    InitEntry init;
    init.from.value = file;
    return init;
  }
};

}  // namespace

TEST_CASE("init: only and except choose in the target, and floor counts what they leave") {
  Files files;
  formats::write_torch(files.file, {{"", {files.tensor("trunk.a", 2), files.tensor("trunk.b", 3), files.tensor("other", 1)}}});
  auto model = std::make_shared<Model>();
  InitEntry init = files.entry();
  CHECK_THROWS_WITH_AS(apply_init(init, *model),
                       fmt::format("[[init]] loads 2 of 3 tensors into \"\" from \"{}\"; 1 missing, first \"head.c\"; 1 not used, first "
                                   "\"other\"; that is less than floor = 1",
                                   files.file)
                           .c_str(),
                       Error);
  init.only = {"trunk.*"};
  CHECK(apply_init(init, *model) == fmt::format("2 of 2 tensors into \"\" from \"{}\"; 1 not used, first \"other\"", files.file));
  auto fresh = std::make_shared<Model>();
  init.except = {"*.b"};
  CHECK(apply_init(init, *fresh) == fmt::format("1 of 1 tensors into \"\" from \"{}\"; 1 not used, first \"other\"", files.file));
  CHECK(fresh->a[1].item<float>() == 2);
  CHECK(fresh->b.abs().sum().item<float>() == 0);
  init.only = {"nothing*"};
  CHECK_THROWS_WITH_AS(apply_init(init, *fresh), "[[init]] selects no tensor of \"\": \"only\" and \"except\" exclude them all", Error);
}

TEST_CASE("init: a tensor of another shape is reported with both and never loaded") {
  Files files;
  formats::write_torch(files.file, {{"model", {files.tensor("a", 4), files.tensor("b", 3)}}});
  auto model = std::make_shared<Model>();
  InitEntry init = files.entry();
  init.into = "trunk";
  init.select = "model";
  init.floor = 0.5;
  CHECK(apply_init(init, *model) ==
        fmt::format("1 of 2 tensors into \"trunk\" from \"{}\"; 1 of another shape, first \"a\" (F32 [4] in the file, F32 [2] here)",
                    files.file));
  CHECK(model->a.abs().sum().item<float>() == 0);
  CHECK(model->b[2].item<float>() == 3);
}

TEST_CASE("init: a file that is not there yet is judged by its names and shapes, as it will be when loaded, and nothing is touched") {
  auto model = std::make_shared<Model>();
  InitEntry init;
  init.into = "trunk";
  init.select = "trunk";
  std::vector<StoredTensor> stored{{"trunk.a", "F32", {2}}, {"trunk.b", "F32", {3}}, {"head.c", "F32", {9}}};
  check_init(init, stored, "stage:first", *model);
  CHECK(model->a.count_nonzero().item<int64_t>() == 0);
  stored[1].shape = {4};
  CHECK_THROWS_WITH_AS(check_init(init, stored, "stage:first", *model),
                       "[[init]] loads 1 of 2 tensors into \"trunk\" from \"stage:first\"; 1 of another shape, first \"b\" (F32 [4] in the "
                       "file, F32 [3] here); that is less than floor = 1",
                       Error);
  init.floor = 0.5;
  check_init(init, stored, "stage:first", *model);
}

TEST_CASE("init: half precision is converted, whole numbers are not") {
  Files files;
  const std::vector<uint16_t> halves{0x3c00, 0x4000};
  const std::vector<int64_t> whole{1, 2};
  formats::write_torch(files.file,
                       {{"", {{"a", "F16", {2}, std::as_bytes(std::span(halves))}, {"c", "I64", {2}, std::as_bytes(std::span(whole))}}}});
  auto model = std::make_shared<Model>();
  const LoadAccount trunk = load_matching(WeightsFile(files.file), {}, *model->trunk),
                    head = load_matching(WeightsFile(files.file), {}, *model->head);
  CHECK(trunk.matched == std::vector<std::string>{"a"});
  CHECK(model->a[1].item<float>() == 2);
  CHECK(head.wrong_shape == std::vector<std::string>{"c"});
  CHECK(head.first_wrong == "I64 [2] in the file, F32 [2] here");
}

TEST_CASE("init: names of another program go through a map") {
  Files files;
  formats::write_torch(files.file,
                       {{"student", {files.tensor("module.a", 2)}},
                        {"teacher", {files.tensor("backbone.a", 2), files.tensor("backbone.b", 3), files.tensor("head.x", 1)}}});
  auto model = std::make_shared<Model>();
  InitEntry init = files.entry();
  init.into = "trunk";
  init.map = "lafs_teacher";
  CHECK(apply_init(init, *model, &test::registry()) == fmt::format("2 of 2 tensors into \"trunk\" from \"{}\"", files.file));
  CHECK(model->b[2].item<float>() == 3);
  init.map = "lafs_techer";
  CHECK_THROWS_WITH_AS(apply_init(init, *model, &test::registry()), "there is no name map \"lafs_techer\"; did you mean \"lafs_teacher\"?",
                       Error);
}

TEST_CASE("weights file: a model saved whole has no tensors we can read, and says what to do") {
  const test::ScratchFolder folder;
  // Protocol 2 in an archive of one entry would need a zip by hand; the older form is three small pickles around the object.
  const std::string magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  const std::string file = (folder / "net.pth").string();
  test::write_bytes(file, magic + "\x80\x02M\xe9\x03." + "\x80\x02}U\x0dlittle_endian\x88s." +
                              "\x80\x02"
                              "cnet\nModel\n)\x81}U\x01"
                              "aK\x01sb." +
                              "\x80\x02].");
  CHECK_THROWS_WITH_AS(
      WeightsFile{file},
      fmt::format("\"{}\" holds no tensors, only \"\" of class \"net.Model\"; nothing in it was executed; if you trust its "
                  "author, save it again in Python: torch.save(dict(model.state_dict()), \"weights.pth\")",
                  file)
          .c_str(),
      Error);
}

}  // namespace lafs
