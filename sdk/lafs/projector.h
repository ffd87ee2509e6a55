#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/pass.h"
#include "lafs/tensor.h"

namespace lafs {

/// A learned head that only pre-training has; also a torch::nn::Module. An objective asks the assembly for one and calls `forward` in each
/// micro-batch, behind the backbone; an exported encoder leaves it out.
///
///     class OneLayer final : public torch::nn::Module, public lafs::Projector {
///      public:
///       OneLayer(const Options& options, int64_t input_width) : options_(options) {
///         layer_ = register_module("layer", std::make_shared<lafs::nn::Linear>(input_width, options.outputs));
///       }
///       std::shared_ptr<torch::nn::Module> module() override { return shared_from_this(); }
///       int64_t outputs() const override { return options_.outputs; }
///       at::Tensor forward(const at::Tensor& embedding, const lafs::Pass&) override { return layer_->forward(embedding); }
class Projector {
 public:
  static constexpr std::string_view kind = "projector";
  using Factory = std::function<std::shared_ptr<Projector>(int64_t input_width)>;
  virtual ~Projector() = default;

  virtual std::shared_ptr<torch::nn::Module> module() = 0;  ///< this very object
  virtual int64_t outputs() const = 0;                      ///< K
  /// [B,D] -> [B,K]. Throws Error for a width it cannot take. [main thread]
  virtual Tensor forward(const Tensor& embedding, const Pass& pass) = 0;
};

/// Ends in prototypes, which self-distillation holds still at first (`freeze_last_layer`).
class Prototypes {
 public:
  virtual ~Prototypes() = default;
  virtual std::vector<std::string> prototypes() const = 0;  ///< names of these parameters within its module: {"last.weight"}
};

}  // namespace lafs
