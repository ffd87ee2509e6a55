#include "nn/loss/class_scores.h"

#include <cmath>
#include <limits>
#include <vector>

#include <torch/custom_class.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/layers/function.h"
#include "nn/loss/class_blocks.h"
#include "nn/loss/class_targets.h"
#include "nn/loss/negative_logits.h"
#include "nn/simd/class_simd.h"

namespace lafs::nn {

namespace {

/// The options on their way to the backward pass.
struct Held final : torch::CustomClassHolder {
  ClassScoreOptions options;
  at::Tensor largest, row_targets;  // written by the forward pass
  bool sums() const { return options.negatives && options.negatives->sum; }
  double limit() const { return options.clamp ? 1 : std::numeric_limits<double>::infinity(); }
};

// Beside those of class_simd.h, for gradient checks.
using nn::exp_slopes;
using nn::exp_sum;
ExpSum exp_sum(const double* cosines, int64_t count, double scale, double limit) {
  double top = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int64_t k = 0; k < count; ++k) top = std::max(top, std::clamp(cosines[k], -limit, limit));
  const auto rounded = static_cast<float>(top);
  for (int64_t k = 0; k < count; ++k) sum += std::exp(scale * (std::clamp(cosines[k], -limit, limit) - static_cast<double>(rounded)));
  return {rounded, sum};
}
void exp_slopes(const double* cosines, int64_t count, double scale, double limit, double lse, double factor, double* out) {
  for (int64_t k = 0; k < count; ++k) {
    const double c = std::clamp(cosines[k], -limit, limit);
    out[k] = std::abs(cosines[k]) > limit ? 0 : factor * std::exp(scale * c - lse);
  }
}

/// Sums of exponentials of a row, block by block: [blocks][rows].
class BlockSums {
 public:
  BlockSums(const ClassBlocks& blocks, double scale, double limit)
      : blocks_(blocks), scale_(scale), limit_(limit), sums_(static_cast<size_t>(blocks.count() * blocks.rows)) {}

  /// Of what lies between the targets of each row.
  template <typename T>
  void add(int64_t block, const T* cosines, const ClassTargets& targets) {
    const int64_t n = blocks_.classes_in(block);
    auto [next, last] = targets.in(block);
    for (int64_t r = 0; r < blocks_.rows; ++r) {
      ExpSum whole{-std::numeric_limits<float>::infinity(), 0};
      int64_t begin = 0;
      const auto until = [&](int64_t end) {
        if (end > begin) whole = together(whole, part(cosines + r * n + begin, end - begin));
        begin = end + 1;
      };
      for (; next != last && next->row == r; ++next) until(next->place);
      until(n);
      sums_[static_cast<size_t>(block * blocks_.rows + r)] = whole;
    }
  }

  /// Of all blocks, one after the other: the logarithm of the sum, and the largest cosine.
  std::pair<double, double> row(int64_t r) const {
    ExpSum whole{-std::numeric_limits<float>::infinity(), 0};
    for (int64_t k = 0; k < blocks_.count(); ++k) whole = together(whole, sums_[static_cast<size_t>(k * blocks_.rows + r)]);
    return {scale_ * static_cast<double>(whole.top) + std::log(whole.sum), static_cast<double>(whole.top)};
  }

 private:
  template <typename T>
  ExpSum part(const T* cosines, int64_t count) const {
    return exp_sum(cosines, count, static_cast<T>(scale_), static_cast<T>(limit_));
  }
  ExpSum together(const ExpSum& a, const ExpSum& b) const {
    if (a.sum == 0) return b;
    if (b.sum == 0) return a;
    const float top = std::max(a.top, b.top);
    const auto at_top = [&](const ExpSum& one) {
      return one.sum * std::exp(scale_ * (static_cast<double>(one.top) - static_cast<double>(top)));
    };
    return {top, at_top(a) + at_top(b)};
  }

  const ClassBlocks& blocks_;
  double scale_, limit_;
  std::vector<ExpSum> sums_;
};

template <typename Work>
void with_type(const at::Tensor& like, const Work& work) {
  like.scalar_type() == at::kDouble ? work(double()) : work(float());
}

/// Writes target cosines into out [B,K+...] and, where the negatives are scaled only, their sums and largest.
void fill_scores(const ClassBlocks& blocks, const ClassTargets& targets, const at::Tensor& unit, const at::Tensor& matrix,
                 const at::Tensor& cosines, const at::Tensor& inverse, Held& held, const at::Tensor& out, int64_t k) {
  BlockSums sums(blocks, held.options.scale, held.limit());
  class_cosines(blocks, unit, matrix, held.options.product, cosines, inverse, [&](int64_t block) {
    const at::Tensor here = blocks.of(cosines, block);
    with_type(cosines, [&]<typename T>(T) {
      const T* c = here.const_data_ptr<T>();
      T* to = out.mutable_data_ptr<T>();
      const auto [begin, end] = targets.in(block);
      for (auto one = begin; one != end; ++one) to[one->row * out.size(1) + one->column] = c[one->row * here.size(1) + one->place];
      sums.add(block, c, targets);
    });
  });
  with_type(cosines, [&]<typename T>(T) {
    T* to = out.mutable_data_ptr<T>();
    T* largest = held.largest.mutable_data_ptr<T>();
    for (int64_t r = 0; r < blocks.rows; ++r) {
      const auto [lse, top] = sums.row(r);
      to[r * out.size(1) + k] = static_cast<T>(lse);
      largest[r] = static_cast<T>(top);
    }
  });
}

NegativeTask task_of(const ClassBlocks& blocks, const ClassTargets& targets, const at::Tensor& cosines, const Held& held) {
  return {blocks, targets, cosines, held.row_targets, *held.options.negatives, held.options.clamp};
}

/// out [B,K+1]: target cosines, then the negatives' logarithm; and their sum behind it, where asked for.
struct ScoreRule {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& unit, const at::Tensor& matrix,
                            const at::Tensor& columns, const c10::intrusive_ptr<Held>& held) {
    const int64_t k = columns.size(1);
    const ClassBlocks blocks(unit.size(0), matrix.size(0), matrix.size(1));
    const ClassTargets targets(blocks, columns);
    const at::Tensor cosines = at::empty({blocks.rows * blocks.classes}, unit.options()),
                     inverse = at::empty({blocks.classes}, unit.options());
    const at::Tensor out = at::zeros({blocks.rows, k + (held->sums() ? 2 : 1)}, unit.options());
    fill_scores(blocks, targets, unit, matrix.detach(), cosines, inverse, *held, out, k);
    if (held->options.negatives) {
      held->row_targets = held->options.negatives->target_of_row(out.narrow(1, 0, k)).detach();
      fill_negatives(task_of(blocks, targets, cosines, *held), out.select(1, k), held->sums() ? out.select(1, k + 1) : at::Tensor());
    }
    context->save_for_backward({unit, matrix, columns, cosines, inverse, out});
    context->saved_data["held"] = c10::IValue::make_capsule(held);
    return out;
  }

  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, const at::Tensor& given) {
    if (at::GradMode::is_enabled()) throw Error("the class scores have no second derivative");
    const auto saved = context->get_saved_variables();
    const at::Tensor &unit = saved[0], &matrix = saved[1], &columns = saved[2], &cosines = saved[3], &out = saved[5];
    const auto held = c10::static_intrusive_pointer_cast<Held>(context->saved_data["held"].toCapsule());
    const ClassBlocks blocks(unit.size(0), matrix.size(0), matrix.size(1));
    const ClassTargets targets(blocks, columns);
    const at::Tensor gradient = given.contiguous().clone();
    at::Tensor changed;  // slopes of cosines that a head changes
    if (held->options.negatives) {
      const int64_t k = columns.size(1);
      const at::Tensor by_sum = held->sums() ? gradient.select(1, k + 1) : at::Tensor();
      NegativeSlopes slopes = negative_slopes(task_of(blocks, targets, cosines, *held), out.select(1, k), gradient.select(1, k), by_sum);
      changed = slopes.cosines;
      if (held->options.negatives->sum_over_ranks) held->options.negatives->sum_over_ranks(slopes.row_targets);
      gradient.scatter_add_(1, held->options.negatives->column.unsqueeze(1), slopes.row_targets.unsqueeze(1));
    }
    const auto slopes = [&](int64_t block, const at::Tensor& to) {
      with_type(cosines, [&]<typename T>(T) {
        write_slopes<T>(blocks, targets, *held, {cosines, out, gradient, changed}, block, to.mutable_data_ptr<T>());
      });
    };
    const auto [to_unit, to_matrix] =
        class_gradients(blocks, unit, matrix.detach(), held->options.product, cosines, saved[4], context->needs_input_grad(1), slopes);
    return {to_unit, to_matrix, {}, {}};
  }

 private:
  struct Known {
    const at::Tensor &cosines, &out, &gradient, &changed;
  };

  template <typename T>
  static void write_slopes(const ClassBlocks& blocks, const ClassTargets& targets, const Held& held, const Known& known, int64_t block,
                           T* to) {
    const int64_t n = blocks.classes_in(block), width = known.out.size(1), k = width - (held.sums() ? 2 : 1);
    const T* const cosines = blocks.of(known.cosines, block).const_data_ptr<T>();
    const T *const out = known.out.const_data_ptr<T>(), *const gradient = known.gradient.const_data_ptr<T>();
    if (known.changed.defined()) {
      const T* const from = blocks.of(known.changed, block).const_data_ptr<T>();
      std::copy(from, from + blocks.rows * n, to);
    } else {
      for (int64_t r = 0; r < blocks.rows; ++r) {
        const T lse = out[r * width + k], factor = gradient[r * width + k] * static_cast<T>(held.options.scale);
        if (std::isinf(lse)) {
          std::fill_n(to + r * n, n, T(0));  // no negatives
        } else {
          exp_slopes(cosines + r * n, n, static_cast<T>(held.options.scale), static_cast<T>(held.limit()), lse, factor, to + r * n);
        }
      }
    }
    const auto [begin, end] = targets.in(block);
    for (auto one = begin; one != end; ++one) to[one->row * n + one->place] = gradient[one->row * width + one->column];
  }
};

}  // namespace

bool class_scores_take(const at::Tensor& unit, const at::Tensor& matrix) {
  const bool type = matrix.scalar_type() == at::kFloat || matrix.scalar_type() == at::kDouble;
  return type && unit.is_cpu() && matrix.is_cpu() && matrix.is_contiguous() && unit.scalar_type() == matrix.scalar_type();
}

ClassScores class_scores(const at::Tensor& unit, const at::Tensor& matrix, const at::Tensor& columns, const ClassScoreOptions& options) {
  const int64_t k = columns.size(1);
  auto held = c10::make_intrusive<Held>();
  held->options = options;
  held->largest = at::empty({unit.size(0)}, unit.options().requires_grad(false));
  const at::Tensor out = Function<ScoreRule>::apply(unit.contiguous(), matrix, columns.contiguous(), held);
  ClassScores scores{out.narrow(1, 0, k), out.select(1, k), {}, held->largest};
  if (held->sums()) scores.sum = out.select(1, k + 1);
  return scores;
}

}  // namespace lafs::nn
