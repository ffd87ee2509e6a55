#include "kernel/model/load.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/nn/module.h>

#include "formats/safetensors.h"
#include "formats/torch_writer.h"
#include "lafs/error.h"
#include "nn/layers/tree.h"
#include "support/bytes.h"
#include "support/error_of.h"
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
  CHECK(apply_init(init, *model).text == fmt::format("2 of 2 tensors into \"\" from \"{}\"; 1 not used, first \"other\"", files.file));
  auto fresh = std::make_shared<Model>();
  init.except = {"*.b"};
  CHECK(apply_init(init, *fresh).text == fmt::format("1 of 1 tensors into \"\" from \"{}\"; 1 not used, first \"other\"", files.file));
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
  CHECK(apply_init(init, *model).text ==
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
  CHECK(head.wrong_shape.at(0).name == "c");
  CHECK(head.wrong_shape.at(0).reason == "I64 [2] in the file, F32 [2] here");
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
  CHECK(apply_init(init, *model, &test::registry()).text == fmt::format("2 of 2 tensors into \"trunk\" from \"{}\"", files.file));
  CHECK(model->b[2].item<float>() == 3);
  init.map = "lafs_techer";
  CHECK_THROWS_WITH_AS(apply_init(init, *model, &test::registry()), "there is no name map \"lafs_techer\"; did you mean \"lafs_teacher\"?",
                       Error);
}

TEST_CASE("weights file: parts under an index, in a folder or by their numbers hold what one file would, however they are cut") {
  int64_t tried = 0;
  for (size_t count = 1; count <= 4; ++count) {
    for (const bool torch : {false, true}) {
      const Files files;
      std::vector<formats::TensorBytes> all;
      for (int i = 0; i < 9; ++i) all.push_back(files.tensor(fmt::format("t{}", i), i % 4 + 1));
      const std::string one = (files.folder / "one.safetensors").string();
      formats::write_safetensors(one, all);
      const auto hub = files.folder / "hub";
      std::filesystem::create_directory(hub);
      std::string map;
      for (size_t part = 0; part < count; ++part) {
        std::vector<formats::TensorBytes> some;
        const std::string name = fmt::format("m-{:05}-of-{:05}.{}", part + 1, count, torch ? "bin" : "safetensors");
        for (size_t i = part * all.size() / count; i < (part + 1) * all.size() / count; ++i) {
          some.push_back(all[i]);
          map += fmt::format("{}\"{}\": \"{}\"", map.empty() ? "" : ", ", all[i].name, name);
        }
        torch ? formats::write_torch(hub / name, {{"", some}}) : formats::write_safetensors(hub / name, some);
      }
      CHECK(WeightsFile(hub).hash() == WeightsFile(one).hash());
      test::write_bytes(hub / "m.index.json", "{\"weight_map\": {" + map + "}}");
      CHECK(WeightsFile(hub).hash() == WeightsFile(one).hash());
      const WeightsFile index(hub / "m.index.json");
      CHECK(index.hash() == WeightsFile(one).hash());
      CHECK(index.tensors().size() == all.size());
      CHECK(index.file() == hub / "m.index.json");
      const WeightsFile first(hub / fmt::format("m-00001-of-{:05}.{}", count, torch ? "bin" : "safetensors"));
      CHECK(first.hint() ==
            (count == 1 ? "" : fmt::format("; the file is part 1 of {}: name the .index.json beside it, or the folder", count)));
      test::write_bytes(
          hub / "m.index.json",
          "{\"weight_map\": {" + map + fmt::format(", \"t9\": \"m-00001-of-{:05}.{}\"}}}}", count, torch ? "bin" : "safetensors"));
      CHECK(test::error_of([&] { WeightsFile{hub / "m.index.json"}; }).ends_with("\" has a tensor \"t9\", which is not there"));
      ++tried;
    }
  }
  CHECK(tried == 8);
}

TEST_CASE("weights file: a file of another kind is named by its kind, whatever its name") {
  const test::ScratchFolder folder;
  int64_t tried = 0;
  for (const char* ending : {".pth", ".safetensors", ".bin", ".ckpt", ""}) {
    const std::string file = (folder / ("w" + std::string(ending))).string();
    for (const auto& [bytes, end] : std::vector<std::pair<std::string, std::string>>{
             {"", "it is empty; a download or copy was interrupted or refused: fetch the file again"},
             {"\x1f\x8b\x08 and more", "it is a gzip file; unpack it with gzip -d, and name what was in it"},
             {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 19332096\n",
              "it is a Git LFS pointer, which stands for a file of 19332096 bytes; run git lfs pull in its repository, or download the "
              "file "
              "itself"},
             {"not weights\n", "it is neither safetensors nor a file of torch.save, and begins with the text \"not weights\""},
             {"\x01\x02\x03", "it is neither safetensors nor a file of torch.save, and begins with the bytes 01 02 03"}}) {
      test::write_bytes(file, bytes);
      CHECK(test::error_of([&] { WeightsFile{file}; }) == fmt::format("cannot read \"{}\" as weights: {}", file, end));
      ++tried;
    }
  }
  CHECK(tried == 25);
}

TEST_CASE("weights file: a tensor of a type that torch lacks is an error only where it is needed") {
  const Files files;
  const std::string file = (files.folder / "w.safetensors").string();
  const std::vector<std::byte> bytes(64);
  int64_t tried = 0;
  for (const auto& [dtype, size] :
       std::vector<std::pair<std::string, size_t>>{{"F8_E4M3", 1}, {"F8_E5M2", 1}, {"U16", 2}, {"U32", 4}, {"U64", 8}, {"C64", 8}}) {
    for (const char* name : {"trunk.a", "extra", "trunk.more"}) {
      std::vector<formats::TensorBytes> tensors{
          files.tensor("trunk.b", 3), files.tensor("head.c", 2), {name, dtype, {2}, std::span(bytes).first(2 * size)}};
      const bool needed = std::string(name) == "trunk.a";
      if (!needed) tensors.push_back(files.tensor("trunk.a", 2));
      formats::write_safetensors(file, tensors);
      auto model = std::make_shared<Model>();
      InitEntry init;
      init.from.value = file;
      const std::string error = test::error_of([&] { apply_init(init, *model); });
      CHECK(error ==
            (needed ? fmt::format("[[init]] loads 2 of 3 tensors into \"\" from \"{}\"; 1 that cannot be used, first \"trunk.a\" (its "
                                  "type is {}); that is less than floor = 1",
                                  file, dtype)
                    : ""));
      ++tried;
    }
  }
  CHECK(tried == 18);
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
