#include <cstddef>
#include <memory>
#include <regex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <c10/util/Exception.h>
#include <caffe2/serialize/inline_container.h>
#include <caffe2/serialize/versions.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "formats/archive_kind.h"
#include "formats/file_kind.h"
#include "formats/mapped_file.h"
#include "formats/zip_archive.h"
#include "lafs/backbone.h"
#include "lafs/error.h"
#include "lafs/plugin.h"
#include "lafs/stamp.h"
#include "nn/layers/dims.h"

namespace {

using lafs::Error;

/// Throws Error for a file that torch.jit.save did not write.
void check_kind(const std::string& file) {
  const lafs::formats::MappedFile mapped(file);
  const std::span<const std::byte> bytes = mapped.bytes();
  if (lafs::formats::is_torchscript(bytes)) return;
  const auto kind = lafs::formats::file_kind(bytes);
  if (!kind && !lafs::formats::zip_names(bytes).empty())
    throw Error(fmt::format("\"{}\" holds tensors and no network: torch.save wrote it, and torch.jit.save is needed", file));
  throw Error(fmt::format("\"{}\" is not a TorchScript archive: it {}", file,
                          kind ? "is " + kind->what : "begins " + lafs::formats::beginning(bytes)));
}

/// The device that the program of an archive names, such as "cuda:0", where it was traced on a GPU; empty otherwise.
std::string named_gpu(const std::string& file) {
  const std::string mark = "torch.device(\"", gpu = mark + "cuda";
  caffe2::serialize::PyTorchStreamReader archive(file);
  for (const std::string& name : archive.getAllRecords()) {
    if (!name.ends_with(".py")) continue;
    const auto [data, size] = archive.getRecord(name);
    const std::string_view code(static_cast<const char*>(data.get()), size);
    const size_t at = code.find(gpu);
    if (at != std::string_view::npos) return std::string(code.substr(at + mark.size(), code.find('"', at + gpu.size()) - at - mark.size()));
  }
  return "";
}

/// The sentence of an exception of LibTorch: without traces, of the interpreter's text the last line alone.
std::string reason(const std::exception& error) {
  const auto* torch = dynamic_cast<const c10::Error*>(&error);
  std::string text = torch ? torch->what_without_backtrace() : error.what();
  const std::string mark = "RuntimeError: ";
  if (const size_t at = text.rfind(mark); at != std::string::npos) text.erase(0, at + mark.size());
  text.resize(std::min(text.size(), text.find('\n')));
  return text;
}

/// Why an archive cannot be loaded.
std::string unreadable(const std::exception& error) {
  namespace format = caffe2::serialize;
  const std::string text = reason(error);
  std::smatch version;
  if (!std::regex_search(text, version, std::regex("file with version (\\d+)"))) return "cannot be read: " + text;
  return fmt::format(
      "is written in version {} of TorchScript's format, and LibTorch {} reads versions {} to {}: save it with a PyTorch of that time",
      version.str(1), lafs::this_build().torch.data(), format::kMinSupportedFileFormatVersion, format::kMaxSupportedFileFormatVersion);
}

/// A program with its weights, as torch.jit.save writes it: a traced or scripted module, run by LibTorch.
class TorchScript final : public torch::nn::Module, public lafs::Backbone, public lafs::InferenceOnly {
 public:
  struct Options {
    lafs::Path file;
    int64_t output = 0;

    void declare(lafs::Params& p) {
      p("file", file, lafs::needed(), "an archive of torch.jit.save");
      p("output", output, lafs::in(0, 1000), "which tensor is the embedding, counted from 0, where the program returns several");
    }
  };

  TorchScript(const Options& options, const lafs::InputContract& input)
      : file_(options.file.value), output_(options.output), height_(input.height), width_(input.width) {
    check_kind(file_);
    try {
      program_ = torch::jit::load(file_, at::kCPU);
    } catch (const std::exception& error) {
      throw Error(fmt::format("\"{}\" {}", file_, unreadable(error)));
    }
    program_.eval();
    probe();
  }

  std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
  int64_t embed_dim() const override { return dim_; }

  at::Tensor forward(const at::Tensor& images, const lafs::Pass&) override {
    const auto [b, c, height, width] = lafs::nn::dims<4>(images, "images");
    if (c != 3 || height != height_ || width != width_) {
      throw Error(fmt::format("\"images\" has shape [{}], and \"{}\" was opened for [B, 3, {}, {}]", fmt::join(images.sizes(), ", "), file_,
                              height_, width_));
    }
    if (images.device() != device_) program_.to(device_ = images.device());
    if (!one_by_one_) return embedded(images);
    std::vector<at::Tensor> rows;
    for (const at::Tensor& picture : images.split(1)) rows.push_back(embedded(picture));
    return at::cat(rows);
  }

 private:
  /// Finds the width, and whether a batch gives what its pictures give alone: a trace may hold the batch it was made with.
  void probe() {
    const at::Tensor two = at::linspace(-1, 1, 2 * 3 * height_ * width_).reshape({2, 3, height_, width_});
    const at::Tensor alone = at::cat({embedded(two.slice(0, 0, 1)), embedded(two.slice(0, 1, 2))});
    dim_ = alone.size(1);
    try {
      one_by_one_ = !at::allclose(run(two), alone, 1e-3, 1e-4);
    } catch (const std::exception&) {
      one_by_one_ = true;
    }
  }

  /// Throws Error unless the program gives a row for each picture.
  at::Tensor embedded(const at::Tensor& images) {
    at::Tensor out;
    try {
      out = run(images);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      if (const std::string gpu = named_gpu(file_); !gpu.empty() && images.is_cpu())
        throw Error(fmt::format("\"{}\" needs a GPU: its program was traced on one and names \"{}\"; trace the model again on the CPU",
                                file_, gpu));
      throw Error(fmt::format("\"{}\" cannot take pictures of {} x {} pixels: {}", file_, images.size(2), images.size(3), reason(error)));
    }
    if (out.dim() > 2) out = out.flatten(1);
    if (out.dim() != 2 || out.size(0) != images.size(0) || out.size(1) < 1 || !out.is_floating_point()) {
      throw Error(
          fmt::format("\"{}\" gives [{}] for {} pictures, and embeddings are [B, D]", file_, fmt::join(out.sizes(), ", "), images.size(0)));
    }
    return out.to(at::kFloat);
  }

  at::Tensor run(const at::Tensor& images) {
    const at::NoGradGuard no_grad;
    // Without optimisation: a program that is compiled after its first calls would give other bits then.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    return chosen(program_.forward({images}));
  }

  at::Tensor chosen(const torch::jit::IValue& value) const {
    std::vector<at::Tensor> tensors;
    if (value.isTensor()) tensors = {value.toTensor()};
    if (value.isTensorList()) tensors = value.toTensorVector();
    if (value.isTuple()) {
      for (const auto& element : value.toTupleRef().elements()) {
        if (element.isTensor()) tensors.push_back(element.toTensor());
      }
    }
    if (tensors.empty())
      throw Error(fmt::format("\"{}\" returns {}, and no tensor: wrap the model so that it returns the embedding", file_, value.tagKind()));
    if (output_ >= static_cast<int64_t>(tensors.size()))
      throw Error(fmt::format("output = {}, and \"{}\" returns {} tensor{}: count from 0", output_, file_, tensors.size(),
                              tensors.size() == 1 ? "" : "s"));
    return tensors[static_cast<size_t>(output_)];
  }

  std::string file_;
  int64_t output_, height_, width_, dim_ = 0;
  bool one_by_one_ = false;
  at::Device device_ = at::kCPU;
  torch::jit::Module program_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<TorchScript>("torchscript", "a traced or scripted module of PyTorch, from an archive of torch.jit.save; it only infers");
}
