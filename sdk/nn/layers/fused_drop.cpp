#include "nn/layers/fused_drop.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/error.h"
#include "nn/layers/function.h"
#include "nn/simd/fused_simd.h"

namespace lafs::nn {

namespace {

using torch::autograd::AutogradContext;
using Keys = std::vector<int64_t>;  // as autograd's saved data keeps them

constexpr int64_t piece = 8192;  // elements of a row a task; a multiple of 8

bool acts(const Drop& drop, const Pass& pass) { return pass.training && pass.draws && drop.rate > 0; }

/// Empty: these draws give no keys for these rows.
Keys keys_of(const Drop& drop, const Pass& pass, const at::Tensor& x) {
  const std::vector<uint64_t> keys = pass.draws->row_keys(drop.stream);
  if (x.dim() == 0 || static_cast<int64_t>(keys.size()) != x.size(0)) return {};
  return Keys(keys.begin(), keys.end());
}

RowMask mask_of(const Keys& keys, double rate, int64_t row) {
  if (keys.empty()) return {};
  const double keep = 1 - rate;
  return {static_cast<uint64_t>(keys[static_cast<size_t>(row)]), static_cast<uint32_t>(std::lround(keep * 0x1p16)),
          static_cast<float>(1 / keep), true};
}

RowPath path_of(const Keys& keys, double rate, int64_t row) {
  if (keys.empty()) return {};
  const RowMask mask = mask_of(keys, rate, row);
  uint16_t bits[1];
  mask_bits(mask.key, 0, 1, bits);
  return {bits[0] < mask.threshold ? mask.scale : 0, true};
}

/// work(row, first element, count, offset in the tensor), in pieces over the threads.
template <typename Work>
void over_rows(const at::Tensor& x, const Work& work) {
  if (x.numel() == 0) return;
  const int64_t rows = x.size(0), width = x.numel() / rows, pieces = (width + piece - 1) / piece;
  at::parallel_for(0, rows * pieces, std::max<int64_t>(1, piece / std::min(width, piece)), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t row = task / pieces, first = task % pieces * piece;
      work(row, first, std::min(piece, width - first), row * width + first);
    }
  });
}

template <typename T>
const T* in(const at::Tensor& x) {
  return static_cast<const T*>(x.const_data_ptr());
}
template <typename T>
T* to(const at::Tensor& x) {
  return static_cast<T*>(x.mutable_data_ptr());
}

bool is_bfloat(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16; }
bool is_plain_type(const at::Tensor& x) { return x.scalar_type() == at::kFloat || is_bfloat(x); }
/// Whether the kernels have this branch for that residual, which is of a plain type.
bool fits_drop_add(const at::Tensor& residual, const at::Tensor& branch) {
  return is_plain_type(branch) && (is_bfloat(branch) || !is_bfloat(residual));
}

void only_once() {
  if (at::GradMode::is_enabled()) throw Error("a fused dropout has no second derivative");
}

/// A branch of some rows, added to all. `places`: where a row of the residual is in the branch, or -1; empty: in the same place.
struct DropAdd {
  static constexpr bool keeps_half = true;

  static int64_t place_of(const Keys& places, int64_t row) { return places.empty() ? row : places[static_cast<size_t>(row)]; }
  static RowPath path_at(const std::vector<double>& scales, int64_t place) {
    return scales.empty() ? RowPath{} : RowPath{static_cast<float>(scales[static_cast<size_t>(place)]), true};
  }

  static at::Tensor forward(AutogradContext* context, const at::Tensor& residual, const at::Tensor& branch, const Keys& keys,
                            const Keys& places, const std::vector<double>& scales, double rate) {
    context->saved_data["keys"] = keys;
    context->saved_data["places"] = places;
    context->saved_data["scales"] = scales;
    context->saved_data["rate"] = rate;
    context->saved_data["branch_rows"] = branch.size(0);
    context->saved_data["branch_type"] = static_cast<int64_t>(branch.scalar_type());
    const at::Tensor r = residual.contiguous(), b = branch.contiguous(), out = at::empty_like(r);
    const auto run = [&](const auto* from, const auto* base, auto* into) {
      over_rows(r, [&](int64_t row, int64_t first, int64_t count, int64_t at) {
        const int64_t place = place_of(places, row);
        if (place < 0) {
          std::copy_n(base + at, count, into + at);
          return;
        }
        const auto* branch_row = from + at + (place - row) * (r.numel() / r.size(0));
        drop_add_forward(branch_row, base + at, into + at, first, count, mask_of(keys, rate, place), path_at(scales, place));
      });
    };
    if (is_bfloat(r)) {
      run(in<BFloat>(b), in<BFloat>(r), to<BFloat>(out));
    } else if (is_bfloat(b)) {
      run(in<BFloat>(b), in<float>(r), to<float>(out));
    } else {
      run(in<float>(b), in<float>(r), to<float>(out));
    }
    return out;
  }

  static std::vector<at::Tensor> backward(AutogradContext* context, const at::Tensor& gradient) {
    only_once();
    const Keys keys = context->saved_data["keys"].toIntVector(), places = context->saved_data["places"].toIntVector();
    const std::vector<double> scales = context->saved_data["scales"].toDoubleVector();
    const double rate = context->saved_data["rate"].toDouble();
    const at::Tensor g = gradient.contiguous();
    std::vector<int64_t> sizes = g.sizes().vec();
    sizes[0] = context->saved_data["branch_rows"].toInt();
    const at::Tensor out = at::empty(sizes, g.options().dtype(static_cast<at::ScalarType>(context->saved_data["branch_type"].toInt())));
    const auto run = [&](const auto* from, auto* into) {
      over_rows(g, [&](int64_t row, int64_t first, int64_t count, int64_t at) {
        const int64_t place = place_of(places, row);
        if (place < 0) return;
        auto* branch_row = into + at + (place - row) * (g.numel() / g.size(0));
        drop_add_backward(from + at, branch_row, first, count, mask_of(keys, rate, place), path_at(scales, place));
      });
    };
    if (is_bfloat(g)) {
      run(in<BFloat>(g), to<BFloat>(out));
    } else if (is_bfloat(out)) {
      run(in<float>(g), to<BFloat>(out));
    } else {
      run(in<float>(g), to<float>(out));
    }
    return {gradient, out, {}, {}, {}, {}};
  }
};

/// Some rows of a tensor; the gradient of the others is zero.
struct TakeRows {
  static constexpr bool keeps_half = true;

  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const Keys& rows) {
    context->saved_data["rows"] = rows;
    context->saved_data["of"] = x.size(0);
    return x.index_select(0, at::tensor(rows, at::kLong));
  }

  static std::vector<at::Tensor> backward(AutogradContext* context, const at::Tensor& gradient) {
    std::vector<int64_t> sizes = gradient.sizes().vec();
    sizes[0] = context->saved_data["of"].toInt();
    const at::Tensor rows = at::tensor(context->saved_data["rows"].toIntVector(), at::kLong);
    return {at::zeros(sizes, gradient.options()).index_copy_(0, rows, gradient), {}};
  }
};

/// Draws of some of the rows of others.
class SomeRows final : public Draws {
 public:
  SomeRows(std::shared_ptr<const Draws> of, std::vector<int64_t> rows) : of_(std::move(of)), rows_(std::move(rows)) {}

  int64_t rows() const override { return static_cast<int64_t>(rows_.size()); }
  at::Tensor uniform(std::string_view stream, const Shape& shape) const override { return some(of_->uniform(stream, shape)); }
  at::Tensor normal(std::string_view stream, const Shape& shape) const override { return some(of_->normal(stream, shape)); }
  at::Tensor integers(std::string_view stream, int64_t below, const Shape& shape) const override {
    return some(of_->integers(stream, below, shape));
  }
  at::Tensor permutations(std::string_view stream, int64_t size) const override { return some(of_->permutations(stream, size)); }
  at::Tensor keep_mask(std::string_view stream, double keep, const Shape& shape) const override {
    return some(of_->keep_mask(stream, keep, shape));
  }
  std::vector<uint64_t> row_keys(std::string_view stream) const override {
    const std::vector<uint64_t> all = of_->row_keys(stream);
    std::vector<uint64_t> keys;
    if (!all.empty()) {
      for (const int64_t row : rows_) keys.push_back(all[static_cast<size_t>(row)]);
    }
    return keys;
  }
  uint64_t batch_key(std::string_view stream) const override { return of_->batch_key(stream); }
  std::shared_ptr<const Draws> scope(std::string_view name) const override { return std::make_shared<SomeRows>(of_->scope(name), rows_); }
  std::shared_ptr<const Draws> views(int64_t count, int64_t first) const override {
    std::vector<int64_t> rows;
    for (int64_t v = 0; v < count; ++v) {
      for (const int64_t row : rows_) rows.push_back(v * of_->rows() + row);
    }
    return std::make_shared<SomeRows>(of_->views(count, first), std::move(rows));
  }

 private:
  at::Tensor some(const at::Tensor& all) const { return all.index_select(0, at::tensor(rows_, all.options().dtype(at::kLong))); }

  std::shared_ptr<const Draws> of_;
  std::vector<int64_t> rows_;
};

std::vector<double> scales_of(const Keys& keys, double rate) {
  std::vector<double> scales;
  for (int64_t row = 0; row < static_cast<int64_t>(keys.size()); ++row) scales.push_back(path_of(keys, rate, row).scale);
  return scales;
}

struct GeluDrop {
  static constexpr bool keeps_half = true;

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const Keys& keys, double rate) {
    const at::Tensor x = input.contiguous(), out = at::empty_like(x);
    context->save_for_backward({x});
    context->saved_data["keys"] = keys;
    context->saved_data["rate"] = rate;
    const auto run = [&](const auto* from, auto* into) {
      over_rows(x, [&](int64_t row, int64_t first, int64_t count, int64_t at) {
        gelu_drop_forward(from + at, into + at, first, count, mask_of(keys, rate, row));
      });
    };
    is_bfloat(x) ? run(in<BFloat>(x), to<BFloat>(out)) : run(in<float>(x), to<float>(out));
    return out;
  }

  static std::vector<at::Tensor> backward(AutogradContext* context, const at::Tensor& gradient) {
    only_once();
    const at::Tensor x = context->get_saved_variables()[0], g = gradient.contiguous(), out = at::empty_like(x);
    const Keys keys = context->saved_data["keys"].toIntVector();
    const double rate = context->saved_data["rate"].toDouble();
    const auto run = [&](const auto* at_x, const auto* from, auto* into) {
      over_rows(x, [&](int64_t row, int64_t first, int64_t count, int64_t at) {
        gelu_drop_backward(at_x + at, from + at, into + at, first, count, mask_of(keys, rate, row));
      });
    };
    is_bfloat(x) ? run(in<BFloat>(x), in<BFloat>(g), to<BFloat>(out)) : run(in<float>(x), in<float>(g), to<float>(out));
    return {out, {}, {}};
  }
};

}  // namespace

at::Tensor drop(const at::Tensor& x, double rate, const Pass& pass, std::string_view stream, const std::vector<int64_t>& shape) {
  if (!acts({rate, stream}, pass)) return x;
  // The product is rounded once: a mask in bf16 would scale by 1.109 instead of 1/0.9.
  return (x * pass.draws->keep_mask(stream, 1 - rate, shape)).to(x.scalar_type());
}

at::Tensor drop_add(const at::Tensor& residual, const at::Tensor& branch, const Drop& dropout, const Drop& path, const Pass& pass) {
  const bool drops = acts(dropout, pass), paths = acts(path, pass);
  if (!drops && !paths) return branch + residual;
  if (branch.is_cpu() && branch.sizes() == residual.sizes() && is_plain_type(residual) && fits_drop_add(residual, branch)) {
    const Keys keys = drops ? keys_of(dropout, pass, branch) : Keys(), path_keys = paths ? keys_of(path, pass, branch) : Keys();
    if (drops != keys.empty() && paths != path_keys.empty()) {
      return Function<DropAdd>::apply(residual, branch, keys, Keys(), scales_of(path_keys, path.rate), dropout.rate);
    }
  }
  const std::vector<int64_t> whole(static_cast<size_t>(branch.dim() - 1), 1);
  const at::Tensor dropped = drop(branch, dropout.rate, pass, dropout.stream, branch.sizes().slice(1).vec());
  return drop(dropped, path.rate, pass, path.stream, whole) + residual;
}

BranchRows::BranchRows(const at::Tensor& x, const Drop& path, const Pass& pass)
    : path_rate_(path.rate), path_stream_(path.stream), pass_(pass) {
  if (!acts(path, pass) || !x.is_cpu() || !is_plain_type(x)) return;
  const std::vector<double> scales = scales_of(keys_of(path, pass, x), path.rate);
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
  Keys keys;
  if (acts(dropout, pass_)) {
    keys = keys_of(dropout, pass_, branch);
    if (keys.empty()) kept = drop(branch, dropout.rate, pass_, dropout.stream, branch.sizes().slice(1).vec());
  }
  if (!is_plain_type(kept) || (is_bfloat(residual) && !is_bfloat(kept))) kept = kept.to(residual.scalar_type());
  return Function<DropAdd>::apply(residual, kept, keys, places_, std::vector<double>(rows_.size(), scale_), dropout.rate);
}

at::Tensor gelu_drop(const at::Tensor& x, const Drop& dropout, const Pass& pass) {
  if (acts(dropout, pass) && x.is_cpu() && is_plain_type(x)) {
    const Keys keys = keys_of(dropout, pass, x);
    if (!keys.empty()) return Function<GeluDrop>::apply(x, keys, dropout.rate);
  }
  return drop(at::gelu(x), dropout.rate, pass, dropout.stream, x.sizes().slice(1).vec());
}

}  // namespace lafs::nn
