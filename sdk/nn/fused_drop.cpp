#include "nn/fused_drop.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>

#include "lafs/error.h"
#include "nn/function.h"
#include "nn/fused_kernels.h"

namespace lafs {

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

void only_once() {
  if (at::GradMode::is_enabled()) throw Error("a fused dropout has no second derivative");
}

struct DropAdd {
  static constexpr bool keeps_half = true;

  static at::Tensor forward(AutogradContext* context, const at::Tensor& residual, const at::Tensor& branch, const Keys& keys,
                            const Keys& path_keys, double rate, double path_rate) {
    context->saved_data["keys"] = keys;
    context->saved_data["path_keys"] = path_keys;
    context->saved_data["rates"] = std::vector<double>{rate, path_rate};
    context->saved_data["branch_type"] = static_cast<int64_t>(branch.scalar_type());
    const at::Tensor r = residual.contiguous(), b = branch.contiguous(), out = at::empty_like(r);
    const auto run = [&](const auto* from, const auto* base, auto* into) {
      over_rows(b, [&](int64_t row, int64_t first, int64_t count, int64_t at) {
        drop_add_forward(from + at, base + at, into + at, first, count, mask_of(keys, rate, row), path_of(path_keys, path_rate, row));
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
    const Keys keys = context->saved_data["keys"].toIntVector(), path_keys = context->saved_data["path_keys"].toIntVector();
    const std::vector<double> rates = context->saved_data["rates"].toDoubleVector();
    const at::Tensor g = gradient.contiguous();
    const at::Tensor out = at::empty(g.sizes(), g.options().dtype(static_cast<at::ScalarType>(context->saved_data["branch_type"].toInt())));
    const auto run = [&](const auto* from, auto* into) {
      over_rows(g, [&](int64_t row, int64_t first, int64_t count, int64_t at) {
        drop_add_backward(from + at, into + at, first, count, mask_of(keys, rates[0], row), path_of(path_keys, rates[1], row));
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
  if (branch.is_cpu() && branch.sizes() == residual.sizes() && is_plain_type(branch) && is_plain_type(residual) &&
      (is_bfloat(branch) || !is_bfloat(residual))) {
    const Keys keys = drops ? keys_of(dropout, pass, branch) : Keys(), path_keys = paths ? keys_of(path, pass, branch) : Keys();
    if (drops != keys.empty() && paths != path_keys.empty()) {
      return Function<DropAdd>::apply(residual, branch, keys, path_keys, dropout.rate, path.rate);
    }
  }
  const std::vector<int64_t> whole(static_cast<size_t>(branch.dim() - 1), 1);
  const at::Tensor dropped = drop(branch, dropout.rate, pass, dropout.stream, branch.sizes().slice(1).vec());
  return drop(dropped, path.rate, pass, path.stream, whole) + residual;
}

at::Tensor gelu_drop(const at::Tensor& x, const Drop& dropout, const Pass& pass) {
  if (acts(dropout, pass) && x.is_cpu() && is_plain_type(x)) {
    const Keys keys = keys_of(dropout, pass, x);
    if (!keys.empty()) return Function<GeluDrop>::apply(x, keys, dropout.rate);
  }
  return drop(at::gelu(x), dropout.rate, pass, dropout.stream, x.sizes().slice(1).vec());
}

}  // namespace lafs
