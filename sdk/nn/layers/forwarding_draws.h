#pragma once
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/draws.h"

namespace lafs::nn {

/// Draws that pass every question on to other draws: the base of draws that change some of the answers. [main thread]
///
///     /// Draws without dropout.
///     class NoDropout final : public nn::ForwardingDraws {
///      public:
///       using ForwardingDraws::ForwardingDraws;
///       at::Tensor keep_mask(std::string_view, double, const Shape& shape) const override { ... }
///       std::vector<uint64_t> row_keys(std::string_view) const override { return {}; }
///
///      private:
///       std::shared_ptr<const Draws> wrap(std::shared_ptr<const Draws> inner) const override { return std::make_shared<NoDropout>(inner);
///       }
///     };
class ForwardingDraws : public Draws {
 public:
  explicit ForwardingDraws(std::shared_ptr<const Draws> inner) : inner_(std::move(inner)) {}

  int64_t rows() const override { return inner_->rows(); }
  at::Tensor uniform(std::string_view stream, const Shape& shape) const override { return inner_->uniform(stream, shape); }
  at::Tensor normal(std::string_view stream, const Shape& shape) const override { return inner_->normal(stream, shape); }
  at::Tensor integers(std::string_view stream, int64_t below, const Shape& shape) const override {
    return inner_->integers(stream, below, shape);
  }
  at::Tensor permutations(std::string_view stream, int64_t size) const override { return inner_->permutations(stream, size); }
  at::Tensor keep_mask(std::string_view stream, double keep, const Shape& shape) const override {
    return inner_->keep_mask(stream, keep, shape);
  }
  std::vector<uint64_t> row_keys(std::string_view stream) const override { return inner_->row_keys(stream); }
  uint64_t batch_key(std::string_view stream) const override { return inner_->batch_key(stream); }
  std::shared_ptr<const Draws> scope(std::string_view name) const override { return wrap(inner_->scope(name)); }
  std::shared_ptr<const Draws> views(int64_t count, int64_t first) const override { return wrap(inner_->views(count, first)); }

 protected:
  const Draws& inner() const { return *inner_; }

 private:
  /// The same change of other draws: of a scope of the inner draws, or of views of their rows.
  virtual std::shared_ptr<const Draws> wrap(std::shared_ptr<const Draws> inner) const = 0;

  std::shared_ptr<const Draws> inner_;
};

}  // namespace lafs::nn
