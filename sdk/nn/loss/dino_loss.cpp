#include "nn/loss/dino_loss.h"

#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>

#include "lafs/error.h"
#include "nn/cuda/cuda_kernels.h"
#include "nn/layers/function.h"
#include "nn/simd/dino_simd.h"

namespace lafs::nn {

namespace {

using torch::autograd::AutogradContext;

struct Rows {
  at::Tensor student, teacher, center, student_sums, teacher_sums;  ///< contiguous; sums [B,V,2] and [B,T,2]
  int64_t batch = 0, views = 0, teacher_views = 0;
  double student_temperature = 1, teacher_temperature = 1;

  template <typename T>
  DinoImage<T> image(int64_t b) const {
    const int64_t width = student.size(1);
    return {static_cast<const T*>(student.const_data_ptr()) + b * width,
            static_cast<const T*>(teacher.const_data_ptr()) + b * width,
            center.const_data_ptr<float>(),
            batch * width,
            width,
            views,
            teacher_views,
            static_cast<float>(student_temperature),
            static_cast<float>(teacher_temperature)};
  }
  DinoSums sums(int64_t b) const {
    return {static_cast<RowSum*>(student_sums.mutable_data_ptr()) + b * views,
            static_cast<RowSum*>(teacher_sums.mutable_data_ptr()) + b * teacher_views};
  }
  double scale() const { return 1.0 / static_cast<double>(teacher_views * (views - 1) * batch); }
};

struct FusedDinoLoss {
  static constexpr bool keeps_half = true;

  static at::Tensor forward(AutogradContext* context, const at::Tensor& student, const at::Tensor& teacher, const at::Tensor& center,
                            const std::vector<int64_t>& views, const std::vector<double>& temperatures) {
    const auto wide = student.options().dtype(at::kFloat);
    const int64_t batch = student.size(0) / views[0];
    const Rows rows{student.contiguous(),
                    teacher.contiguous(),
                    center.to(at::kFloat).contiguous(),
                    at::empty({batch, views[0], 2}, wide),
                    at::empty({batch, views[1], 2}, wide),
                    batch,
                    views[0],
                    views[1],
                    temperatures[0],
                    temperatures[1]};
    context->save_for_backward({rows.student, rows.teacher, rows.center, rows.student_sums, rows.teacher_sums});
    context->saved_data["views"] = views;
    context->saved_data["temperatures"] = temperatures;
    return at::full({}, student.scalar_type() == at::kBFloat16 ? total<BFloat>(rows) : total<float>(rows), wide);
  }

  static std::vector<at::Tensor> backward(AutogradContext* context, const at::Tensor& gradient) {
    if (at::GradMode::is_enabled()) throw Error("the self-distillation loss has no second derivative");
    const auto saved = context->get_saved_variables();
    const std::vector<int64_t> views = context->saved_data["views"].toIntVector();
    const std::vector<double> temperatures = context->saved_data["temperatures"].toDoubleVector();
    const Rows rows{saved[0],         saved[1], saved[2], saved[3],        saved[4],
                    saved[3].size(0), views[0], views[1], temperatures[0], temperatures[1]};
    const at::Tensor out = at::empty_like(rows.student);
    const auto factor = static_cast<float>(gradient.item<double>() * rows.scale());
    rows.student.scalar_type() == at::kBFloat16 ? write<BFloat>(rows, factor, out) : write<float>(rows, factor, out);
    return {out, {}, {}, {}, {}};
  }

 private:
  template <typename T>
  static double total(const Rows& rows) {
    // A sum an image, added up in order: the number of threads does not enter.
    std::vector<double> losses(static_cast<size_t>(rows.batch));
    at::parallel_for(0, rows.batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) losses[static_cast<size_t>(b)] = dino_image_forward(rows.image<T>(b), rows.sums(b));
    });
    double sum = 0;
    for (const double loss : losses) sum += loss;
    return sum * rows.scale();
  }

  template <typename T>
  static void write(const Rows& rows, float factor, const at::Tensor& out) {
    T* to = static_cast<T*>(out.mutable_data_ptr());
    at::parallel_for(0, rows.batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) dino_image_backward(rows.image<T>(b), rows.sums(b), factor, to + b * out.size(1));
    });
  }
};

bool fits(const at::Tensor& x) { return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16); }

}  // namespace

at::Tensor dino_loss(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center,
                     const DinoLossOptions& options) {
  const int64_t views = check_dino_loss(student_logits, teacher_logits, center, options);
  if (!fits(student_logits) || !fits(teacher_logits) || !fits(center)) {
    const at::Tensor on_gpu = dino_loss_on_gpu(student_logits, teacher_logits, center, views, options);
    return on_gpu.defined() ? on_gpu : dino_loss_plain(student_logits, teacher_logits, center, options);
  }
  // Mixed types go in fp32, which holds both.
  const bool same = student_logits.scalar_type() == teacher_logits.scalar_type();
  const at::Tensor student = same ? student_logits : widened(student_logits);
  const at::Tensor teacher = same ? teacher_logits.detach() : widened(teacher_logits.detach());
  return Function<FusedDinoLoss>::apply(student, teacher, center.detach(), std::vector<int64_t>{views, options.teacher_views},
                                        std::vector<double>{options.student_temperature, options.teacher_temperature});
}

}  // namespace lafs::nn
