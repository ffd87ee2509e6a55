#include <algorithm>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "dnn_library.h"
#include "formats/file_kind.h"
#include "formats/mapped_file.h"
#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/parallel.h"
#include "lafs/plugin.h"
#include "lafs/suggestion.h"
#include "model_input.h"
#include "nn/layers/dims.h"
#include "onnx_model.h"

namespace {

using lafs::Error;

std::string read(const std::string& file) {
  const lafs::formats::MappedFile mapped(file);
  return {reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size()};
}

/// A network that OpenCV's dnn reads: ONNX, or Caffe's pair of files. Pictures go through it one by one, several at once on threads of
/// their own, so that an embedding depends neither on the batch it came in nor on the number of threads.
class Onnx final : public torch::nn::Module, public lafs::Backbone, public lafs::InferenceOnly {
 public:
  struct Options {
    lafs::Path file, config;
    std::string output;

    void declare(lafs::Params& p) {
      p("file", file, lafs::needed(), "an ONNX model, or the weights of a Caffe model (.caffemodel)");
      p("config", config, "network of a Caffe model (.prototxt)");
      p("output", output, "layer whose output is the embedding; needed where the network ends in several");
    }
  };

  Onnx(const Options& options, const lafs::InputContract& input) : file_(options.file.value), height_(input.height), width_(input.width) {
    bytes_ = {read(file_), options.config.empty() ? "" : read(options.config.value)};
    check_files(options);
    const bool onnx = options.config.empty();
    if (const auto dims = onnx ? lafs::onnx_input(bytes_.weights) : lafs::caffe_input(bytes_.network)) {
      lafs::check_input(*dims, input, fmt::format("\"{}\"", file_));
      if (onnx) bytes_.weights = lafs::prepared_onnx(bytes_.weights, input);
    }
    networks_.push_back(opened());
    choose_output(options.output);
    const std::vector<float> black(static_cast<size_t>(3 * height_ * width_));
    dim_ = static_cast<int64_t>(embedded(*networks_.front(), black.data()).size());
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return dim_; }

  at::Tensor forward(const at::Tensor& images, const lafs::Pass&) override {
    const auto [b, c, height, width] = lafs::nn::dims<4>(images, "images");
    if (c != 3 || height != height_ || width != width_) {
      throw Error(fmt::format("\"images\" has shape [{}], and \"{}\" takes [B, 3, {}, {}]", fmt::join(images.sizes(), ", "), file_, height_,
                              width_));
    }
    const at::Tensor pictures = images.detach().to(at::kCPU, at::kFloat).contiguous();  // OpenCV's dnn runs on the CPU here
    at::Tensor out = at::empty({b, dim_}, at::kFloat);
    const auto* from = pictures.const_data_ptr<float>();
    auto* to = out.mutable_data_ptr<float>();
    lafs::for_blocks(0, b, 1, at::get_num_threads(), [&, size = c * height * width](int64_t row, int64_t) {
      auto network = taken();
      const std::vector<float> embedding = embedded(*network, from + row * size);
      std::copy(embedding.begin(), embedding.end(), to + row * dim_);
      given_back(std::move(network));
    });
    return out.to(images.device());
  }

 private:
  using Network = std::unique_ptr<lafs::dnn::Network>;

  /// Throws Error for a file that was named by mistake.
  void check_files(const Options& options) const {
    const auto kind = lafs::formats::file_kind(std::as_bytes(std::span(bytes_.weights)));
    const bool onnx = kind && kind->what == "an ONNX model";
    const std::string file = fmt::format("\"{}\"", file_);
    if (file_.ends_with(".caffemodel") && options.config.empty())
      throw Error(fmt::format("{} is Caffe's weights alone: give their network with config = \"FILE.prototxt\"", file));
    if (!options.config.empty()) {
      if (onnx) throw Error(fmt::format("{} is an ONNX model, and config belongs to the weights of a Caffe model; leave it out", file));
      return;
    }
    if (kind && !onnx) throw Error(fmt::format("{} is not an ONNX model: it is {}", file, kind->what));
    if (lafs::has_external_data(bytes_.weights))
      throw Error(
          fmt::format("{} keeps its weights in other files: in Python, onnx.save(onnx.load(FILE), \"whole.onnx\") writes one", file));
  }

  Network opened() const {
    try {
      return lafs::open_network(bytes_);
    } catch (const Error&) {
      throw;
    } catch (const std::runtime_error& error) {
      throw Error(fmt::format("\"{}\" cannot be read: {}; docs/weights.md says what to export", file_, error.what()));
    }
  }

  void choose_output(const std::string& wanted) {
    const std::vector<std::string> ends = networks_.front()->ends(), layers = networks_.front()->layers();
    output_ = wanted.empty() && !ends.empty() ? ends.front() : wanted;
    if (wanted.empty() && ends.size() != 1)
      throw Error(fmt::format("\"{}\" ends in {} layers: choose one with output = NAME, of {}", file_, ends.size(),
                              lafs::formats::some_names(ends, 8)));
    if (std::find(layers.begin(), layers.end(), output_) == layers.end())
      throw Error(fmt::format("\"{}\" has no layer \"{}\"{}", file_, output_, lafs::suggestion(output_, layers)));
  }

  /// Of one picture. Throws Error for an output that is not a row of numbers.
  std::vector<float> embedded(lafs::dnn::Network& network, const float* picture) const {
    lafs::dnn::Output output;
    try {
      output = network.forward(picture, height_, width_, output_);
    } catch (const std::runtime_error& error) {
      throw Error(fmt::format("\"{}\" cannot be run: {}; docs/weights.md says what to export", file_, error.what()));
    }
    const auto& shape = output.shape;
    const auto longest = shape.empty() ? 0 : *std::max_element(shape.begin(), shape.end());
    if (longest < 1 || longest != static_cast<int64_t>(output.values.size()) || (dim_ > 0 && longest != dim_)) {
      throw Error(
          fmt::format("layer \"{}\" of \"{}\" gives [{}] for one picture, and an embedding is [1, D]; choose another with output = NAME",
                      output_, file_, fmt::join(shape, ", ")));
    }
    return std::move(output.values);
  }

  /// A network that nobody uses: one that was read before, or one more.
  Network taken() {
    {
      const std::lock_guard lock(mutex_);
      if (!networks_.empty()) {
        Network network = std::move(networks_.back());
        networks_.pop_back();
        return network;
      }
    }
    return opened();
  }
  void given_back(Network network) {
    const std::lock_guard lock(mutex_);
    networks_.push_back(std::move(network));
  }

  std::string file_;
  int64_t height_, width_, dim_ = 0;
  lafs::dnn::ModelBytes bytes_;
  std::string output_;
  std::mutex mutex_;
  std::vector<Network> networks_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Onnx>("onnx", "a network from an ONNX or Caffe file, read by OpenCV; it only infers"); }
