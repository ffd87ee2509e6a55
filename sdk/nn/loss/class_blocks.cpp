#include "nn/loss/class_blocks.h"

#include <cmath>

#include <ATen/Parallel.h>
#include <torch/types.h>

#include "nn/simd/class_simd.h"

namespace lafs::nn {

namespace {

constexpr int64_t most_parts = 32;  // sums of the embeddings' gradient; not the number of threads, which then does not enter

/// Below autograd, on any thread.
struct Bare {
  at::NoGradGuard no_grad;
  at::AutoDispatchBelowADInplaceOrView below;
};

void inverse_lengths(const float* rows, int64_t count, int64_t width, float* out) {
  for (int64_t r = 0; r < count; ++r) out[r] = 1 / std::max(std::sqrt(row_squares(rows + r * width, width)), 1e-12F);
}
void inverse_lengths(const double* rows, int64_t count, int64_t width, double* out) {
  for (int64_t r = 0; r < count; ++r) {
    double square = 0;
    for (int64_t k = 0; k < width; ++k) square += rows[r * width + k] * rows[r * width + k];
    out[r] = 1 / std::max(std::sqrt(square), 1e-12);
  }
}

// Beside those of class_simd.h, for gradient checks.
using nn::add_products;
using nn::multiply;
using nn::subtract;
void multiply(double* x, const double* y, int64_t count) {
  for (int64_t k = 0; k < count; ++k) x[k] *= y[k];
}
void add_products(double* sum, const double* x, const double* y, int64_t count) {
  for (int64_t k = 0; k < count; ++k) sum[k] += x[k] * y[k];
}
void subtract(double* x, const double* y, int64_t count, double factor) {
  for (int64_t k = 0; k < count; ++k) x[k] -= factor * y[k];
}

/// A block of the matrix as rows of unit length, rounded to the type of the product.
at::Tensor rounded_rows(const at::Tensor& block, const at::Tensor& inverse, at::ScalarType product) {
  return (block * inverse.unsqueeze(1)).to(product);
}

/// Everything of one call of `class_cosines`.
template <typename T>
struct CosineTask {
  const ClassBlocks& blocks;
  at::Tensor unit, matrix, cosines, inverse;
  at::ScalarType product;

  void run(int64_t block) const {
    const int64_t first = blocks.first(block), n = blocks.classes_in(block);
    const at::Tensor rows = matrix.narrow(0, first, n);
    T* lengths = inverse.mutable_data_ptr<T>() + first;
    inverse_lengths(rows.const_data_ptr<T>(), n, blocks.width, lengths);
    at::Tensor out = blocks.of(cosines, block);
    if (product != out.scalar_type()) {
      out.copy_(at::mm(unit, rounded_rows(rows, inverse.narrow(0, first, n), product).t()));
      return;
    }
    at::mm_out(out, unit, rows.t());
    T* row = out.mutable_data_ptr<T>();
    for (int64_t r = 0; r < blocks.rows; ++r) multiply(row + r * n, lengths, n);
  }
};

/// Everything of one call of `class_gradients`.
template <typename T>
struct GradientTask {
  const ClassBlocks& blocks;
  at::Tensor unit, matrix, cosines, inverse;
  at::ScalarType product;
  at::Tensor gradient;  // of the matrix, or undefined
  std::function<void(int64_t, const at::Tensor&)> write_slopes;

  /// Adds the block's share to the sum for the embeddings.
  void run(int64_t block, at::Tensor& sum, std::vector<T>& along) const {
    const int64_t first = blocks.first(block), n = blocks.classes_in(block);
    const at::Tensor rows = matrix.narrow(0, first, n);
    at::Tensor slopes = at::empty({blocks.rows, n}, cosines.options());
    write_slopes(block, slopes);
    T* const slope = slopes.mutable_data_ptr<T>();
    const T* const cosine = blocks.of(cosines, block).template const_data_ptr<T>();
    const T* const lengths = inverse.const_data_ptr<T>() + first;
    along.assign(static_cast<size_t>(n), 0);
    for (int64_t r = 0; r < blocks.rows; ++r) add_products(along.data(), slope + r * n, cosine + r * n, n);
    if (product != cosines.scalar_type()) {
      const at::Tensor rounded = slopes.to(product);
      sum.add_(at::mm(rounded, rounded_rows(rows, inverse.narrow(0, first, n), product)));
      if (!gradient.defined()) return;
      gradient.narrow(0, first, n).copy_(at::mm(rounded.t(), unit)).mul_(inverse.narrow(0, first, n).unsqueeze(1));
    } else {
      for (int64_t r = 0; r < blocks.rows; ++r) multiply(slope + r * n, lengths, n);
      sum.addmm_(slopes, rows);
      if (!gradient.defined()) return;
      at::Tensor out = gradient.narrow(0, first, n);
      at::mm_out(out, slopes.t(), unit);
    }
    T* const out = gradient.mutable_data_ptr<T>() + first * blocks.width;
    const T* const row = rows.const_data_ptr<T>();
    for (int64_t j = 0; j < n; ++j) {
      if (lengths[j] >= T(1e12)) continue;  // no longer than the least length: the length is a constant
      const T factor = along[static_cast<size_t>(j)] * lengths[j] * lengths[j];
      subtract(out + j * blocks.width, row + j * blocks.width, blocks.width, factor);
    }
  }
};

template <typename T>
at::Tensor gradients_as(const ClassBlocks& blocks, const GradientTask<T>& task) {
  const int64_t parts = std::min(blocks.count(), most_parts);
  const at::Tensor sums = at::zeros({parts, blocks.rows, blocks.width}, task.cosines.options());
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    const Bare bare;
    std::vector<T> along;
    for (int64_t part = begin; part < end; ++part) {
      at::Tensor sum = sums[part];
      for (int64_t k = part * blocks.count() / parts; k < (part + 1) * blocks.count() / parts; ++k) task.run(k, sum, along);
    }
  });
  return sums.sum(0);
}

}  // namespace

ClassBlocks::ClassBlocks(int64_t b, int64_t c, int64_t d) : rows(b), classes(c), width(d) {
  constexpr int64_t numbers = 1 << 16;  // of a block of the matrix: a quarter of a megabyte
  size = std::clamp(numbers / std::max<int64_t>(d, 1) / 16 * 16, int64_t{16}, int64_t{1024});
}

at::Tensor ClassBlocks::of(const at::Tensor& all, int64_t block) const {
  const int64_t n = classes_in(block);
  return all.narrow(0, rows * first(block), rows * n).view({rows, n});
}

void each_block(const ClassBlocks& blocks, const std::function<void(int64_t)>& work) {
  at::parallel_for(0, blocks.count(), 1, [&](int64_t begin, int64_t end) {
    const Bare bare;
    for (int64_t block = begin; block < end; ++block) work(block);
  });
}

void class_cosines(const ClassBlocks& blocks, const at::Tensor& unit, const at::Tensor& matrix, at::ScalarType product,
                   const at::Tensor& cosines, const at::Tensor& inverse, const std::function<void(int64_t)>& done) {
  const auto run = [&](const auto& task) {
    each_block(blocks, [&](int64_t block) {
      task.run(block);
      done(block);
    });
  };
  const at::Tensor rounded = unit.to(product);
  if (cosines.scalar_type() == at::kDouble) {
    run(CosineTask<double>{blocks, rounded, matrix, cosines, inverse, product});
  } else {
    run(CosineTask<float>{blocks, rounded, matrix, cosines, inverse, product});
  }
}

ClassGradients class_gradients(const ClassBlocks& blocks, const at::Tensor& unit, const at::Tensor& matrix, at::ScalarType product,
                               const at::Tensor& cosines, const at::Tensor& inverse, bool with_matrix,
                               const std::function<void(int64_t, const at::Tensor&)>& slopes) {
  const at::Tensor gradient = with_matrix ? at::empty_like(matrix) : at::Tensor();
  const at::Tensor rounded = unit.to(product);
  if (cosines.scalar_type() == at::kDouble) {
    return {gradients_as(blocks, GradientTask<double>{blocks, rounded, matrix, cosines, inverse, product, gradient, slopes}), gradient};
  }
  return {gradients_as(blocks, GradientTask<float>{blocks, rounded, matrix, cosines, inverse, product, gradient, slopes}), gradient};
}

}  // namespace lafs::nn
