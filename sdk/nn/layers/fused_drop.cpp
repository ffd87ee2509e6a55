#include "nn/layers/fused_drop.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu.h>

#include "lafs/draws.h"
#include "lafs/error.h"
#include "nn/layers/function.h"
#include "nn/simd/fused_simd.h"

namespace lafs::nn {

namespace {

using torch::autograd::AutogradContext;

constexpr int64_t piece = 8192;  // elements of a row a task; a multiple of 8

RowMask mask_of(const RowKeys& keys, double rate, int64_t row) {
  if (keys.empty()) return {};
  const double keep = 1 - rate;
  return {static_cast<uint64_t>(keys[static_cast<size_t>(row)]), static_cast<uint32_t>(std::lround(keep * 0x1p16)),
          static_cast<float>(1 / keep), true};
}

RowPath path_of(const RowKeys& keys, double rate, int64_t row) {
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
void only_once() {
  if (at::GradMode::is_enabled()) throw Error("a fused dropout has no second derivative");
}

/// A branch of some rows, added to all. `places`: where a row of the residual is in the branch, or -1; empty: in the same place.
struct DropAdd {
  static constexpr bool keeps_half = true;

  static int64_t place_of(const RowKeys& places, int64_t row) { return places.empty() ? row : places[static_cast<size_t>(row)]; }
  static RowPath path_at(const std::vector<double>& scales, int64_t place) {
    return scales.empty() ? RowPath{} : RowPath{static_cast<float>(scales[static_cast<size_t>(place)]), true};
  }

  static at::Tensor forward(AutogradContext* context, const at::Tensor& residual, const at::Tensor& branch, const RowKeys& keys,
                            const RowKeys& places, const std::vector<double>& scales, double rate) {
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
    const RowKeys keys = context->saved_data["keys"].toIntVector(), places = context->saved_data["places"].toIntVector();
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

struct GeluDrop {
  static constexpr bool keeps_half = true;

  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const RowKeys& keys, double rate) {
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
    const RowKeys keys = context->saved_data["keys"].toIntVector();
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

RowKeys keys_of(const Drop& drop, const Pass& pass, const at::Tensor& x) {
  const std::vector<uint64_t> keys = pass.draws->row_keys(drop.stream);
  if (x.dim() == 0 || static_cast<int64_t>(keys.size()) != x.size(0)) return {};
  return RowKeys(keys.begin(), keys.end());
}

std::vector<double> path_scales(const RowKeys& keys, double rate) {
  std::vector<double> scales;
  for (int64_t row = 0; row < static_cast<int64_t>(keys.size()); ++row) scales.push_back(path_of(keys, rate, row).scale);
  return scales;
}

bool is_fused_type(const at::Tensor& x) { return x.scalar_type() == at::kFloat || is_bfloat(x); }

bool fits_fused_add(const at::Tensor& residual, const at::Tensor& branch) {
  return is_fused_type(branch) && (is_bfloat(branch) || !is_bfloat(residual));
}

at::Tensor fused_drop_add(const at::Tensor& residual, const at::Tensor& branch, const RowKeys& keys, const std::vector<int64_t>& places,
                          const std::vector<double>& scales, double rate) {
  return Function<DropAdd>::apply(residual, branch, keys, places, scales, rate);
}

at::Tensor drop_add(const at::Tensor& residual, const at::Tensor& branch, const Drop& dropout, const Drop& path, const Pass& pass) {
  const bool drops = dropout.acts(pass), paths = path.acts(pass);
  if (!drops && !paths) return branch + residual;
  if (branch.is_cpu() && branch.sizes() == residual.sizes() && is_fused_type(residual) && fits_fused_add(residual, branch)) {
    const RowKeys keys = drops ? keys_of(dropout, pass, branch) : RowKeys(), path_keys = paths ? keys_of(path, pass, branch) : RowKeys();
    if (drops != keys.empty() && paths != path_keys.empty()) {
      return fused_drop_add(residual, branch, keys, {}, path_scales(path_keys, path.rate), dropout.rate);
    }
  }
  const std::vector<int64_t> whole(static_cast<size_t>(branch.dim() - 1), 1);
  const at::Tensor dropped = drop(branch, dropout.rate, pass, dropout.stream, branch.sizes().slice(1).vec());
  return drop(dropped, path.rate, pass, path.stream, whole) + residual;
}

at::Tensor gelu_drop(const at::Tensor& x, const Drop& dropout, const Pass& pass) {
  if (dropout.acts(pass) && x.is_cpu() && is_fused_type(x)) {
    const RowKeys keys = keys_of(dropout, pass, x);
    if (!keys.empty()) return Function<GeluDrop>::apply(x, keys, dropout.rate);
  }
  return drop(at::gelu(x), dropout.rate, pass, dropout.stream, x.sizes().slice(1).vec());
}

}  // namespace lafs::nn
