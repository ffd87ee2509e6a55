#pragma once
#include <memory>
#include <utility>

#include <torch/types.h>

#include "lafs/draws.h"

namespace lafs::test {

/// Draws that keep their row keys to themselves, so that the plain operations run.
class KeylessDraws : public Draws {
 public:
  explicit KeylessDraws(std::shared_ptr<const Draws> of) : of_(std::move(of)) {}
  int64_t rows() const override { return of_->rows(); }
  at::Tensor uniform(std::string_view stream, const Shape& shape) const override { return of_->uniform(stream, shape); }
  at::Tensor normal(std::string_view stream, const Shape& shape) const override { return of_->normal(stream, shape); }
  at::Tensor integers(std::string_view stream, int64_t below, const Shape& shape) const override {
    return of_->integers(stream, below, shape);
  }
  at::Tensor permutations(std::string_view stream, int64_t size) const override { return of_->permutations(stream, size); }
  at::Tensor keep_mask(std::string_view stream, double keep, const Shape& shape) const override {
    return of_->keep_mask(stream, keep, shape);
  }
  uint64_t batch_key(std::string_view stream) const override { return of_->batch_key(stream); }
  std::shared_ptr<const Draws> scope(std::string_view name) const override { return std::make_shared<KeylessDraws>(of_->scope(name)); }
  std::shared_ptr<const Draws> views(int64_t count, int64_t first) const override {
    return std::make_shared<KeylessDraws>(of_->views(count, first));
  }

 private:
  std::shared_ptr<const Draws> of_;
};

}  // namespace lafs::test
