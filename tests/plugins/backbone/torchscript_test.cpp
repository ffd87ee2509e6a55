#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/types.h>

#include "formats/zip_archive.h"
#include "lafs/backbone.h"
#include "runner/conformance/networks.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/front_door.h"
#include "support/scratch.h"
#include "support/small_network.h"

namespace lafs {
namespace {

namespace fs = std::filesystem;
using test::error_of;

const fs::path traced = fs::path(LAFS_TEST_FIXTURES) / "networks" / "small.pt";

std::shared_ptr<Backbone> script(const fs::path& file, int64_t side = 32, const std::string& more = "") {
  InputContract input;
  input.height = input.width = side;
  return test::make<Backbone>("torchscript", fmt::format("file = \"{}\"\n{}", file.string(), more), input);
}

/// What making the backbone says after the beginning that every error of a component has, and after the file's name.
std::string complaint(const fs::path& file, int64_t side = 32, const std::string& more = "") {
  std::string text = error_of([&] { script(file, side, more); });
  for (const std::string& beginning :
       {std::string("inline.toml:1:1: error: backbone \"torchscript\": "), fmt::format("\"{}\" ", file.string())})
    if (text.starts_with(beginning)) text.erase(0, beginning.size());
  return text;
}

/// An archive of one function.
fs::path program(const test::ScratchFolder& folder, const std::string& body) {
  torch::jit::Module network("Network");
  network.define("def forward(self, x):\n  " + body + "\n");
  network.save((folder / "program.pt").string());
  return folder / "program.pt";
}

TEST_CASE("torchscript: the embeddings of PyTorch, in any batch") {
  const test::SmallNetwork expected(fs::path(LAFS_TEST_FIXTURES) / "networks" / "small.json");
  const auto backbone = script(traced);
  CHECK(backbone->embed_dim() == expected.embeddings.size(1));
  CHECK(at::allclose(backbone->forward(expected.images, {}), expected.embeddings, 1e-5, 1e-5));
  for (int64_t row = 0; row < 2; ++row)
    CHECK(at::allclose(backbone->forward(expected.images.slice(0, row, row + 1), {})[0], expected.embeddings[row], 1e-5, 1e-5));
  CHECK(dynamic_cast<InferenceOnly*>(backbone.get()) != nullptr);
  CHECK(backbone->module()->parameters().empty());
}

TEST_CASE("torchscript: a program that holds the batch it was traced with is fed one picture at a time") {
  const test::ScratchFolder folder;
  const auto backbone = script(program(folder, "return torch.avg_pool2d(x, [8, 8]).reshape([1, -1])"));
  const at::Tensor images = at::linspace(-1, 1, 3 * 3 * 32 * 32).reshape({3, 3, 32, 32});
  CHECK(backbone->embed_dim() == 48);
  CHECK(at::allclose(backbone->forward(images, {}), at::avg_pool2d(images, {8, 8}).flatten(1)));
}

TEST_CASE("torchscript: of several tensors the first is taken, or the one that is asked for") {
  const test::ScratchFolder folder;
  const fs::path file = program(folder, "return torch.mean(x, [2, 3]), torch.flatten(torch.avg_pool2d(x, [8, 8]), 1)");
  CHECK(script(file)->embed_dim() == 3);
  CHECK(script(file, 32, "output = 1")->embed_dim() == 48);
  CHECK(complaint(file, 32, "output = 2") == fmt::format("output = 2, and \"{}\" returns 2 tensors: count from 0", file.string()));
  CHECK(complaint(traced, 32, "output = 1") == fmt::format("output = 1, and \"{}\" returns 1 tensor: count from 0", traced.string()));
  const fs::path words = program(folder, "return {'embedding': x}");
  CHECK(complaint(words) == "returns GenericDict, and no tensor: wrap the model so that it returns the embedding");
  const fs::path map = program(folder, "return torch.mean(x, [0, 2, 3])");
  CHECK(complaint(map) == "gives [3] for 1 pictures, and embeddings are [B, D]");
}

TEST_CASE("torchscript: a program for pictures of another size, or for a GPU, says so") {
  const test::ScratchFolder folder;
  CHECK(complaint(traced, 64) == "cannot take pictures of 64 x 64 pixels: mat1 and mat2 shapes cannot be multiplied (1x64 and 16x8)");
  const fs::path file = program(folder, "return torch.mean(x, [2, 3]) + torch.zeros([3], device=torch.device('cuda:0'))");
  CHECK(complaint(file) == "needs a GPU: its program was traced on one and names \"cuda:0\"; trace the model again on the CPU");
}

TEST_CASE("torchscript: files that are something else, or of another version, are named as what they are") {
  const test::ScratchFolder folder;
  std::ofstream(folder / "page.pt") << "<!doctype html><html>";
  CHECK(complaint(folder / "page.pt") == "is not a TorchScript archive: it is an HTML page");
  std::ofstream(folder / "notes.pt") << "epoch 3\n";
  CHECK(complaint(folder / "notes.pt") == "is not a TorchScript archive: it begins with the text \"epoch 3\"");
  conformance::write_onnx(folder / "model.pt");
  CHECK(complaint(folder / "model.pt") == "is not a TorchScript archive: it is an ONNX model");
  CHECK(complaint(fs::path(LAFS_TEST_GOLDEN) / "finetune_plain.final_module_prefix.pth") ==
        "holds tensors and no network: torch.save wrote it, and torch.jit.save is needed");
}

TEST_CASE("torchscript: an archive of a version that this LibTorch does not know is an error with both versions") {
  // The entry "small/version" holds "3\n", and stands in the archive twice with its sum.
  const auto sum = [](std::string_view text) {
    const uint32_t crc = formats::crc32(std::as_bytes(std::span(text)));
    return std::string(reinterpret_cast<const char*>(&crc), sizeof crc);
  };
  std::string bytes = test::read_bytes(traced);
  const size_t entry = bytes.find("small/version"), at = bytes.find("3\n", entry);
  REQUIRE(at != std::string::npos);
  bytes.replace(at, 2, "99");
  int sums = 0;
  for (size_t crc = bytes.find(sum("3\n")); crc != std::string::npos; crc = bytes.find(sum("3\n"), crc), ++sums)
    bytes.replace(crc, 4, sum("99"));
  REQUIRE(sums >= 1);
  const test::ScratchFolder folder;
  test::write_bytes(folder / "new.pt", bytes);
  CHECK(
      complaint(folder / "new.pt") ==
      "is written in version 99 of TorchScript's format, and LibTorch 2.11.0 reads versions 1 to 10: save it with a PyTorch of that time");
  test::write_bytes(folder / "cut.pt", test::read_bytes(traced).substr(0, 5000));
  CHECK(complaint(folder / "cut.pt") == "is not a TorchScript archive: it begins with the bytes 50 4b 03 04 00 00 08 08");
}

}  // namespace
}  // namespace lafs
