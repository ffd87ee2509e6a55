#include "nn/layers/branch_rows.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/error.h"
#include "nn/layers/forwarding_draws.h"
#include "nn/layers/function.h"
#include "nn/layers/fused_drop.h"

namespace lafs::nn {

namespace {

/// Some rows of a tensor; the gradient of the others is zero.
struct TakeRows {
  static constexpr bool keeps_half = true;

  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const RowKeys& rows) {
    context->saved_data["rows"] = rows;
    context->saved_data["of"] = x.size(0);
    return x.index_select(0, at::tensor(rows, at::kLong));
  }

  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, const at::Tensor& gradient) {
    std::vector<int64_t> sizes = gradient.sizes().vec();
    sizes[0] = context->saved_data["of"].toInt();
    const at::Tensor rows = at::tensor(context->saved_data["rows"].toIntVector(), at::kLong);
    return {at::zeros(sizes, gradient.options()).index_copy_(0, rows, gradient), {}};
  }
};

/// Draws of some of the rows of others.
class SomeRows final : public ForwardingDraws {
 public:
  SomeRows(std::shared_ptr<const Draws> all, std::vector<int64_t> rows) : ForwardingDraws(std::move(all)), rows_(std::move(rows)) {}

  int64_t rows() const override { return static_cast<int64_t>(rows_.size()); }
  at::Tensor uniform(std::string_view stream, const Shape& shape) const override { return some(inner().uniform(stream, shape)); }
  at::Tensor normal(std::string_view stream, const Shape& shape) const override { return some(inner().normal(stream, shape)); }
  at::Tensor integers(std::string_view stream, int64_t below, const Shape& shape) const override {
    return some(inner().integers(stream, below, shape));
  }
  at::Tensor permutations(std::string_view stream, int64_t size) const override { return some(inner().permutations(stream, size)); }
  at::Tensor keep_mask(std::string_view stream, double keep, const Shape& shape) const override {
    return some(inner().keep_mask(stream, keep, shape));
  }
  std::vector<uint64_t> row_keys(std::string_view stream) const override {
    const std::vector<uint64_t> all = inner().row_keys(stream);
    std::vector<uint64_t> keys;
    if (!all.empty()) {
      for (const int64_t row : rows_) keys.push_back(all[static_cast<size_t>(row)]);
    }
    return keys;
  }
  std::shared_ptr<const Draws> views(int64_t count, int64_t first) const override {
    std::vector<int64_t> rows;
    for (int64_t v = 0; v < count; ++v) {
      for (const int64_t row : rows_) rows.push_back(v * inner().rows() + row);
    }
    return std::make_shared<SomeRows>(inner().views(count, first), std::move(rows));
  }

 private:
  std::shared_ptr<const Draws> wrap(std::shared_ptr<const Draws> scoped) const override {
    return std::make_shared<SomeRows>(std::move(scoped), rows_);
  }
  at::Tensor some(const at::Tensor& all) const { return all.index_select(0, at::tensor(rows_, all.options().dtype(at::kLong))); }

  std::vector<int64_t> rows_;
};

}  // namespace

BranchRows::BranchRows(const at::Tensor& x, const Drop& path, const Pass& pass)
    : path_rate_(path.rate), path_stream_(path.stream), pass_(pass) {
  if (!path.acts(pass) || !x.is_cpu() || !is_fused_type(x)) return;
  const std::vector<double> scales = path_scales(keys_of(path, pass, x), path.rate);
  for (const double scale : scales) {
    const bool takes = scale > 0;
    places_.push_back(takes ? static_cast<int64_t>(rows_.size()) : -1);
    if (takes) rows_.push_back(static_cast<int64_t>(places_.size()) - 1);
    scale_ = std::max(scale_, scale);
  }
  if (scales.empty()) return;
  skips_ = true;
  if (rows_.empty()) {
    rows_ = {0};
    places_[0] = 0;
    scale_ = 0;
  }
  pass_.draws = std::make_shared<SomeRows>(pass.draws, rows_);
}

at::Tensor BranchRows::of(const at::Tensor& x) const { return rows_.size() < places_.size() ? Function<TakeRows>::apply(x, rows_) : x; }

at::Tensor BranchRows::add(const at::Tensor& residual, const at::Tensor& branch, const Drop& dropout) const {
  if (!skips_) return drop_add(residual, branch, dropout, {path_rate_, path_stream_}, pass_);
  const auto rows = static_cast<int64_t>(rows_.size());
  if (residual.size(0) != static_cast<int64_t>(places_.size()) || branch.size(0) != rows ||
      residual.sizes().slice(1) != branch.sizes().slice(1)) {
    throw Error(fmt::format("\"branch\" has shape [{}] for {} rows of a \"residual\" of shape [{}]", fmt::join(branch.sizes(), ", "), rows,
                            fmt::join(residual.sizes(), ", ")));
  }
  at::Tensor kept = branch;
  RowKeys keys;
  if (dropout.acts(pass_)) {
    keys = keys_of(dropout, pass_, branch);
    if (keys.empty()) kept = drop(branch, dropout.rate, pass_, dropout.stream, branch.sizes().slice(1).vec());
  }
  if (!fits_fused_add(residual, kept)) kept = kept.to(residual.scalar_type());
  return fused_drop_add(residual, kept, keys, places_, std::vector<double>(rows_.size(), scale_), dropout.rate);
}

}  // namespace lafs::nn
