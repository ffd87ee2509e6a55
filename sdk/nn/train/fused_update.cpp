#include "nn/train/fused_update.h"

#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/error.h"
#include "nn/simd/update_simd.h"
#include "nn/train/update_factors.h"

namespace lafs::nn {

namespace {

constexpr int64_t piece = 1 << 16;  // elements a task: small tensors share none, large ones are shared out

/// Elements [first, first + count) of one tensor of the lists.
struct Piece {
  size_t tensor;
  int64_t first, count;
};

bool fits(const at::Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat && x.is_contiguous(); }
bool fits(at::TensorList tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const at::Tensor& x) { return fits(x); });
}

std::vector<Piece> pieces_of(at::TensorList tensors) {
  std::vector<Piece> pieces;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const int64_t size = tensors[i].numel();
    for (int64_t first = 0; first < size; first += piece) pieces.push_back({i, first, std::min(piece, size - first)});
  }
  return pieces;
}

/// `work` on every piece and its number, shared out over threads.
template <typename Work>
void share_out(const std::vector<Piece>& pieces, const Work& work) {
  at::parallel_for(0, static_cast<int64_t>(pieces.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) work(pieces[static_cast<size_t>(k)], static_cast<size_t>(k));
  });
}

/// Where a piece begins. The pointers are read beforehand, once a tensor.
std::vector<float*> starts_of(at::TensorList tensors) {
  std::vector<float*> starts;
  for (const at::Tensor& x : tensors) starts.push_back(x.data_ptr<float>());
  return starts;
}
float* at_piece(const std::vector<float*>& starts, const Piece& p) { return starts[p.tensor] + p.first; }

void check_count(const char* what, size_t count, size_t tensors) {
  if (count != tensors) throw Error(fmt::format("{} {}s for {} tensors", count, what, tensors));
}

/// Throws Error unless each tensor has its like in the other list.
void check_alike(const char* what, at::TensorList list, at::TensorList tensors) {
  check_count(what, list.size(), tensors.size());
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].sizes() == tensors[i].sizes()) continue;
    throw Error(fmt::format("{} {} has shape [{}], its tensor [{}]", what, i, fmt::join(list[i].sizes(), ", "),
                            fmt::join(tensors[i].sizes(), ", ")));
  }
}

}  // namespace

MomentumFactors momentum_factors(const MomentumNumbers& n) {
  return {static_cast<float>(n.weight_decay), static_cast<float>(n.momentum), static_cast<float>(1 - n.dampening), static_cast<float>(n.lr),
          n.nesterov};
}

AdamWFactors adamw_factors(double step, const AdamWNumbers& n) {
  AdamWFactors factors;
  factors.beta2 = static_cast<float>(n.beta2);
  factors.taken1 = static_cast<float>(1 - n.beta1);
  factors.taken2 = static_cast<float>(1 - n.beta2);
  factors.kept = static_cast<float>(1 - n.lr * n.weight_decay);
  factors.rate = static_cast<float>(n.lr / (1 - std::pow(n.beta1, step)));
  factors.root = static_cast<float>(std::sqrt(1 - std::pow(n.beta2, step)));
  factors.eps = static_cast<float>(n.eps);
  return factors;
}

void moving_average(at::TensorList averages, at::TensorList values, double momentum) {
  const at::NoGradGuard no_grad;
  check_alike("value", values, averages);
  if (!fits(averages) || !fits(values)) {
    at::_foreach_mul_(averages, momentum);
    at::_foreach_add_(averages, values, 1 - momentum);
    return;
  }
  const auto kept = static_cast<float>(momentum), taken = static_cast<float>(1 - momentum);
  const std::vector<float*> to = starts_of(averages), from = starts_of(values);
  share_out(pieces_of(averages), [&](const Piece& p, size_t) { average_in(at_piece(to, p), at_piece(from, p), p.count, kept, taken); });
}

std::vector<double> lengths_of(at::TensorList tensors) {
  const at::NoGradGuard no_grad;
  if (tensors.empty()) return {};
  if (!fits(tensors)) {
    const at::Tensor lengths = at::stack(at::_foreach_norm(tensors)).to(at::kCPU, at::kDouble);
    return {lengths.const_data_ptr<double>(), lengths.const_data_ptr<double>() + lengths.numel()};
  }
  const std::vector<Piece> pieces = pieces_of(tensors);
  const std::vector<float*> starts = starts_of(tensors);
  std::vector<double> sums(pieces.size()), lengths(tensors.size());
  share_out(pieces, [&](const Piece& p, size_t k) { sums[k] = square_sum(at_piece(starts, p), p.count); });
  for (size_t k = 0; k < pieces.size(); ++k) lengths[pieces[k].tensor] += sums[k];
  for (double& length : lengths) length = std::sqrt(length);
  return lengths;
}

void scale_each(at::TensorList tensors, const std::vector<double>& factors) {
  const at::NoGradGuard no_grad;
  check_count("factor", factors.size(), tensors.size());
  std::vector<at::Tensor> scaled;
  std::vector<double> by;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (factors[i] == 1) continue;
    scaled.push_back(tensors[i]);
    by.push_back(factors[i]);
  }
  if (!fits(scaled)) {
    for (size_t i = 0; i < scaled.size(); ++i) scaled[i].mul_(by[i]);
    return;
  }
  const std::vector<float*> starts = starts_of(scaled);
  share_out(pieces_of(scaled), [&](const Piece& p, size_t) { scale(at_piece(starts, p), p.count, static_cast<float>(by[p.tensor])); });
}

void adamw_step(at::TensorList parameters, at::TensorList gradients, at::TensorList first_moments, at::TensorList second_moments,
                at::TensorList steps, const AdamWNumbers& numbers) {
  const at::NoGradGuard no_grad;
  check_alike("gradient", gradients, parameters);
  check_alike("first moment", first_moments, parameters);
  check_alike("second moment", second_moments, parameters);
  check_count("step", steps.size(), parameters.size());
  at::_foreach_add_(steps, 1);
  if (!fits(parameters) || !fits(gradients) || !fits(first_moments) || !fits(second_moments)) {
    at::_fused_adamw_(parameters, gradients, first_moments, second_moments, {}, steps, numbers.lr, numbers.beta1, numbers.beta2,
                      numbers.weight_decay, numbers.eps, false, false);
    return;
  }
  const std::vector<float*> p = starts_of(parameters), g = starts_of(gradients), m = starts_of(first_moments),
                            v = starts_of(second_moments);
  std::vector<AdamWFactors> factors;
  for (const at::Tensor& step : steps) factors.push_back(adamw_factors(static_cast<double>(*step.const_data_ptr<float>()), numbers));
  share_out(pieces_of(parameters), [&](const Piece& k, size_t) {
    adamw_update(at_piece(p, k), at_piece(g, k), at_piece(m, k), at_piece(v, k), k.count, factors[k.tensor]);
  });
}

void momentum_step(at::TensorList parameters, at::TensorList gradients, at::TensorList directions, const MomentumNumbers& numbers) {
  const at::NoGradGuard no_grad;
  check_alike("gradient", gradients, parameters);
  if (!directions.empty()) check_alike("direction", directions, parameters);
  if (!fits(parameters) || !fits(gradients) || !fits(directions)) {
    std::vector<at::Tensor> update = gradients.vec();
    if (numbers.weight_decay != 0) update = at::_foreach_add(gradients, parameters, numbers.weight_decay);
    if (!directions.empty()) {
      at::_foreach_mul_(directions, numbers.momentum);
      at::_foreach_add_(directions, update, 1 - numbers.dampening);
      update = numbers.nesterov ? at::_foreach_add(update, directions, numbers.momentum) : directions.vec();
    }
    return at::_foreach_add_(parameters, update, -numbers.lr);
  }
  const MomentumFactors factors = momentum_factors(numbers);
  const std::vector<float*> p = starts_of(parameters), g = starts_of(gradients), m = starts_of(directions);
  share_out(pieces_of(parameters), [&](const Piece& k, size_t) {
    momentum_update(at_piece(p, k), at_piece(g, k), m.empty() ? nullptr : at_piece(m, k), k.count, factors);
  });
}

}  // namespace lafs::nn
