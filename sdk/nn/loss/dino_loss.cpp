#include "nn/loss/dino_loss.h"

#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>

#include "nn/loss/dino_loss_cuda.h"
#include "nn/loss/dino_loss_rule.h"
#include "nn/simd/dino_simd.h"

namespace lafs::nn {

namespace {

/// The loss by the vector code, an image a task.
struct SimdDinoLoss {
  static at::Tensor loss(const DinoRows& rows) {
    const double sum = is_bfloat(rows) ? total<BFloat>(rows) : total<float>(rows);
    return at::full({}, sum, rows.center.options());
  }

  static at::Tensor gradient(const DinoRows& rows, const at::Tensor& incoming) {
    const at::Tensor out = at::empty_like(rows.student);
    const auto factor = static_cast<float>(incoming.item<double>() * rows.scale());
    is_bfloat(rows) ? write<BFloat>(rows, factor, out) : write<float>(rows, factor, out);
    return out;
  }

 private:
  static bool is_bfloat(const DinoRows& rows) { return rows.student.scalar_type() == at::kBFloat16; }

  template <typename T>
  static DinoImage<T> image(const DinoRows& rows, int64_t b) {
    const int64_t width = rows.student.size(1);
    return {static_cast<const T*>(rows.student.const_data_ptr()) + b * width,
            static_cast<const T*>(rows.teacher.const_data_ptr()) + b * width,
            rows.center.const_data_ptr<float>(),
            rows.batch() * width,
            width,
            rows.views(),
            rows.teacher_views(),
            static_cast<float>(rows.temperatures[0]),
            static_cast<float>(rows.temperatures[1])};
  }

  static DinoSums sums(const DinoRows& rows, int64_t b) {
    return {static_cast<RowSum*>(rows.student_sums.mutable_data_ptr()) + b * rows.views(),
            static_cast<RowSum*>(rows.teacher_sums.mutable_data_ptr()) + b * rows.teacher_views()};
  }

  template <typename T>
  static double total(const DinoRows& rows) {
    // A sum an image, added up in order: the number of threads does not enter.
    std::vector<double> losses(static_cast<size_t>(rows.batch()));
    at::parallel_for(0, rows.batch(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) losses[static_cast<size_t>(b)] = dino_image_forward(image<T>(rows, b), sums(rows, b));
    });
    double sum = 0;
    for (const double loss : losses) sum += loss;
    return sum * rows.scale();
  }

  template <typename T>
  static void write(const DinoRows& rows, float factor, const at::Tensor& out) {
    T* to = static_cast<T*>(out.mutable_data_ptr());
    at::parallel_for(0, rows.batch(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) dino_image_backward(image<T>(rows, b), sums(rows, b), factor, to + b * out.size(1));
    });
  }
};

bool fits(const at::Tensor& x) { return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16); }

}  // namespace

at::Tensor dino_loss(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center,
                     const DinoLossOptions& options) {
  const int64_t views = check_dino_loss(student_logits, teacher_logits, center, options);
  if (fits(student_logits) && fits(teacher_logits) && fits(center)) {
    return fused_dino_loss<SimdDinoLoss>(student_logits, teacher_logits, center, views, options);
  }
  const at::Tensor on_gpu = dino_loss_on_gpu(student_logits, teacher_logits, center, views, options);
  return on_gpu.defined() ? on_gpu : dino_loss_plain(student_logits, teacher_logits, center, options);
}

}  // namespace lafs::nn
