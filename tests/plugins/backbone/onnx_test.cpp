#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/ranks/device.h"
#include "lafs/backbone.h"
#include "runner/conformance/networks.h"
#include "support/error_of.h"
#include "support/front_door.h"
#include "support/scratch.h"
#include "support/small_network.h"

namespace lafs {
namespace {

namespace fs = std::filesystem;
using conformance::OnnxModel;
using test::error_of;

const fs::path networks = fs::path(LAFS_TEST_FIXTURES) / "networks";

std::string file_option(const fs::path& file) { return fmt::format("file = \"{}\"\n", file.string()); }

std::shared_ptr<Backbone> opened(const fs::path& file, int64_t side = 112, const std::string& more = "") {
  InputContract input;
  input.height = input.width = side;
  return test::make<Backbone>("onnx", file_option(file) + more, input);
}

/// What making the backbone says, without the beginning that every error of a component has.
std::string refusal(const fs::path& file, int64_t side = 112, const std::string& more = "") {
  const std::string text = error_of([&] { opened(file, side, more); }), beginning = "inline.toml:1:1: error: backbone \"onnx\": ";
  return text.starts_with(beginning) ? text.substr(beginning.size()) : text;
}

OnnxModel averages() {
  OnnxModel model;
  model.node("AveragePool", {"images"}, "patches", {{"kernel_shape", {28, 28}}, {"strides", {28, 28}}});
  model.node("Flatten", {"patches"}, "embedding");
  return model;
}

TEST_CASE("onnx: the embeddings of PyTorch, with a fixed and an open batch") {
  const test::SmallNetwork expected(networks / "small.json");
  for (const char* name : {"small.onnx", "small_open_batch.onnx"}) {
    CAPTURE(name);
    const auto backbone = opened(networks / name, expected.images.size(2));
    CHECK(backbone->embed_dim() == expected.embeddings.size(1));
    CHECK(at::allclose(backbone->forward(expected.images, {}), expected.embeddings, 1e-5, 1e-5));
    CHECK(dynamic_cast<InferenceOnly*>(backbone.get()) != nullptr);
    CHECK(backbone->module()->parameters().empty());
  }
}

TEST_CASE("onnx: an embedding depends neither on its batch nor on the number of threads") {
  const test::SmallNetwork expected(networks / "small.json");
  const at::Tensor images = at::cat({expected.images, expected.images.flip(3), expected.images * 0.5});
  const auto backbone = opened(networks / "small.onnx", expected.images.size(2));
  use_threads(1);
  const at::Tensor serial = backbone->forward(images, {});
  use_threads(3);
  CHECK(at::equal(backbone->forward(images, {}), serial));
  CHECK(at::equal(backbone->forward(images.slice(0, 3, 4), {}), serial.slice(0, 3, 4)));
  use_threads(2);
}

TEST_CASE("onnx: a layer before the last can be the embedding, and a name that none has is an error") {
  const test::ScratchFolder folder;
  OnnxModel model = averages();
  model.node("Relu", {"embedding"}, "positive");
  model.node("Neg", {"embedding"}, "negative");
  model.outputs = {"positive", "negative"};
  const fs::path file = folder / "two.onnx";
  model.write(file);
  CHECK(refusal(file) ==
        fmt::format("\"{}\" ends in 2 layers: choose one with output = NAME, of \"negative\" and \"positive\"", file.string()));
  CHECK(refusal(file, 112, "output = \"negativ\"") ==
        fmt::format("\"{}\" has no layer \"negativ\"; did you mean \"negative\"?", file.string()));
  const at::Tensor images = at::linspace(-1, 1, 2 * 3 * 112 * 112).reshape({2, 3, 112, 112});
  const at::Tensor negative = opened(file, 112, "output = \"negative\"")->forward(images, {});
  CHECK(at::allclose(negative, -at::avg_pool2d(images, {28, 28}).flatten(1), 1e-5, 1e-5));
  CHECK(refusal(file, 112, "output = \"patches\"") ==
        fmt::format(
            "layer \"patches\" of \"{}\" gives [1, 3, 4, 4] for one picture, and an embedding is [1, D]; choose another with output = NAME",
            file.string()));
}

TEST_CASE("onnx: an operator that OpenCV lacks is named") {
  const test::ScratchFolder folder;
  OnnxModel model;
  model.node("AveragePool", {"images"}, "patches", {{"kernel_shape", {28, 28}}, {"strides", {28, 28}}});
  model.node("Einsum", {"patches"}, "mixed");
  model.node("Flatten", {"mixed"}, "embedding");
  model.write(folder / "einsum.onnx");
  CHECK(refusal(folder / "einsum.onnx") ==
        fmt::format("\"{}\" cannot be read: OpenCV 4.6.0 has no operator \"Einsum\" (node \"mixed\"); docs/weights.md says what to export",
                    (folder / "einsum.onnx").string()));
}

TEST_CASE("onnx: sizes that do not fit the contract, and batches, are errors before OpenCV is asked") {
  const test::ScratchFolder folder;
  const fs::path file = folder / "model.onnx";
  const auto said = [&](std::vector<OnnxModel::Dim> input, int64_t side = 112) {
    OnnxModel model = averages();
    model.input = std::move(input);
    model.write(file);
    const std::string text = refusal(file, side), name = fmt::format("\"{}\" ", file.string());
    return text.starts_with(name) ? text.substr(name.size()) : text;
  };
  CHECK(said({{1}, {3}, {112}, {96}}) ==
        "takes pictures of 112 x 96 pixels, and the input contract has 112 x 112: set height = 112 and width = 96 in [input]");
  CHECK(said({{8}, {3}, {112}, {112}}) == "takes 8 pictures at once: export it for a batch of 1");
  const std::string channels = ", and pictures are [1,3,112,112]: export it for pictures of three channels, channels first";
  CHECK(said({{1}, {112}, {112}, {3}}) == "takes [1,112,112,3]" + channels);
  CHECK(said({{1}, {1}, {112}, {112}}) == "takes [1,1,112,112]" + channels);
  CHECK(said({{0, "batch"}, {12544}}) == "takes [batch,12544]" + channels);
  CHECK(said({{0, "batch"}, {3}, {0, "rows"}, {0, "columns"}}) == "");
}

TEST_CASE("onnx: files that are something else, or not whole, are named as what they are") {
  const test::ScratchFolder folder;
  std::ofstream(folder / "page.onnx") << "<!doctype html><html>";
  CHECK(refusal(folder / "page.onnx") == fmt::format("\"{}\" is not an ONNX model: it is an HTML page", (folder / "page.onnx").string()));
  CHECK(refusal(folder / "none.onnx") == fmt::format("cannot read \"{}\": No such file or directory", (folder / "none.onnx").string()));
  OnnxModel apart = averages();
  apart.zeros("weights", {4}, true);
  apart.write(folder / "apart.onnx");
  CHECK(refusal(folder / "apart.onnx") ==
        fmt::format("\"{}\" keeps its weights in other files: in Python, onnx.save(onnx.load(FILE), \"whole.onnx\") writes one",
                    (folder / "apart.onnx").string()));
  averages().write(folder / "whole.onnx");
  const auto size = fs::file_size(folder / "whole.onnx");
  fs::resize_file(folder / "whole.onnx", size - 20);
  CHECK(refusal(folder / "whole.onnx").starts_with(fmt::format("\"{}\" cannot be read: OpenCV 4.6.0", (folder / "whole.onnx").string())));
}

TEST_CASE("onnx: Caffe's weights need their network, of the contract's size") {
  const test::ScratchFolder folder;
  std::ofstream(folder / "net.caffemodel", std::ios::binary) << std::string("\x0a\x03net", 5);
  const auto network = [&](const std::string& input, const std::string& type) {
    std::ofstream(folder / "net.prototxt") << "name: \"net\"\nlayer { name: \"data\" type: \"Input\" top: \"data\" input_param { shape: { "
                                           << input << " } } }\nlayer { name: \"pool\" type: \"" << type
                                           << "\" bottom: \"data\" top: \"pool\" pooling_param { pool: AVE kernel_size: 28 stride: 28 } }\n"
                                           << "layer { name: \"flat\" type: \"Flatten\" bottom: \"pool\" top: \"flat\" }\n";
    return fmt::format("config = \"{}\"", (folder / "net.prototxt").string());
  };
  const fs::path file = folder / "net.caffemodel";
  const at::Tensor images = at::linspace(-1, 1, 3 * 112 * 112).reshape({1, 3, 112, 112});
  const auto backbone = opened(file, 112, network("dim: 1 dim: 3 dim: 112 dim: 112", "Pooling"));
  CHECK(at::allclose(backbone->forward(images, {}), at::avg_pool2d(images, {28, 28}).flatten(1), 1e-5, 1e-5));
  CHECK(refusal(file) == fmt::format("\"{}\" is Caffe's weights alone: give their network with config = \"FILE.prototxt\"", file.string()));
  CHECK(refusal(file, 112, network("dim: 1 dim: 3 dim: 112 dim: 96", "Pooling")) ==
        fmt::format(
            "\"{}\" takes pictures of 112 x 96 pixels, and the input contract has 112 x 112: set height = 112 and width = 96 in [input]",
            file.string()));
  CHECK(refusal(file, 112, network("dim: 1 dim: 3 dim: 112 dim: 112", "Spooling")) ==
        fmt::format("\"{}\" cannot be run: OpenCV 4.6.0 has no operator \"Spooling\" (node \"pool\"); docs/weights.md says what to export",
                    file.string()));
  averages().write(folder / "averages.onnx");
  CHECK(refusal(folder / "averages.onnx", 112, network("dim: 1 dim: 3 dim: 112 dim: 112", "Pooling")) ==
        fmt::format("\"{}\" is an ONNX model, and config belongs to the weights of a Caffe model; leave it out",
                    (folder / "averages.onnx").string()));
}

TEST_CASE("onnx: pictures of another shape are an error") {
  const auto backbone = opened(networks / "small.onnx", 32);
  CHECK(error_of([&] { backbone->forward(at::zeros({1, 3, 32, 31}), {}); }) ==
        fmt::format("\"images\" has shape [1, 3, 32, 31], and \"{}\" takes [B, 3, 32, 32]", (networks / "small.onnx").string()));
}

}  // namespace
}  // namespace lafs
