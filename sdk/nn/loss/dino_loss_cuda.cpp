#include <vector>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/DeviceGuard.h>

#include "lafs/error.h"
#include "nn/cuda/cuda_kernels.h"
#include "nn/layers/function.h"
#include "nn/loss/dino_loss.h"

namespace lafs::nn {

namespace {

using torch::autograd::AutogradContext;

bool fits(const at::Tensor& x) {
  return x.is_cuda() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16);
}

CudaLogits kind_of(const at::Tensor& x) {
  if (x.scalar_type() == at::kHalf) return CudaLogits::fp16;
  return x.scalar_type() == at::kBFloat16 ? CudaLogits::bf16 : CudaLogits::fp32;
}

/// Tensors of a call, contiguous; sums [B,V,2] and [B,T,2].
struct Rows {
  at::Tensor student, teacher, center, student_sums, teacher_sums;
  std::vector<double> temperatures;

  int64_t batch() const { return student_sums.size(0); }
  int64_t views() const { return student_sums.size(1); }
  int64_t teacher_views() const { return teacher_sums.size(1); }
  double scale() const { return 1.0 / static_cast<double>(teacher_views() * (views() - 1) * batch()); }
  CudaDino numbers() const {
    return {student.const_data_ptr(),
            teacher.const_data_ptr(),
            center.const_data_ptr<float>(),
            student_sums.mutable_data_ptr<float>(),
            teacher_sums.mutable_data_ptr<float>(),
            batch(),
            student.size(1),
            views(),
            teacher_views(),
            static_cast<float>(temperatures[0]),
            static_cast<float>(temperatures[1]),
            kind_of(student),
            student.get_device()};
  }
};

const CudaKernels& kernels_of(const at::Tensor& x) {
  const CudaKernels* kernels = cuda_kernels(x);
  if (!kernels) throw Error("the self-distillation loss changed its stream between its passes");
  return *kernels;
}

struct CudaDinoLoss {
  static constexpr bool keeps_half = true;

  static at::Tensor forward(AutogradContext* context, const at::Tensor& student, const at::Tensor& teacher, const at::Tensor& center,
                            const std::vector<int64_t>& views, const std::vector<double>& temperatures) {
    const c10::DeviceGuard guard(student.device());
    const auto wide = student.options().dtype(at::kFloat);
    const int64_t batch = student.size(0) / views[0], chunks = (student.size(1) + cuda_dino_tile - 1) / cuda_dino_tile;
    const Rows rows{student.contiguous(),
                    teacher.contiguous(),
                    center.to(at::kFloat).contiguous(),
                    at::empty({batch, views[0], 2}, wide),
                    at::empty({batch, views[1], 2}, wide),
                    temperatures};
    const at::Tensor parts = at::empty({batch, views[0], chunks, 3}, wide), losses = at::empty({batch}, wide.dtype(at::kDouble));
    check_cuda("dino", kernels_of(student).dino(rows.numbers(), parts.mutable_data_ptr<float>(), losses.mutable_data_ptr<double>()));
    context->save_for_backward({rows.student, rows.teacher, rows.center, rows.student_sums, rows.teacher_sums});
    context->saved_data["temperatures"] = temperatures;
    return (losses.sum() * rows.scale()).to(at::kFloat);
  }

  static std::vector<at::Tensor> backward(AutogradContext* context, const at::Tensor& gradient) {
    if (at::GradMode::is_enabled()) throw Error("the self-distillation loss has no second derivative");
    const auto saved = context->get_saved_variables();
    const Rows rows{saved[0], saved[1], saved[2], saved[3], saved[4], context->saved_data["temperatures"].toDoubleVector()};
    const c10::DeviceGuard guard(rows.student.device());
    const at::Tensor out = at::empty_like(rows.student), incoming = gradient.to(rows.center.options()).contiguous();
    check_cuda("dino_to_student", kernels_of(rows.student)
                                      .dino_to_student(rows.numbers(), incoming.const_data_ptr<float>(), static_cast<float>(rows.scale()),
                                                       out.mutable_data_ptr()));
    return {out, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor dino_loss_on_gpu(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center, int64_t views,
                            const DinoLossOptions& options) {
  const bool here = fits(student_logits) && fits(teacher_logits) && fits(center) && student_logits.device() == teacher_logits.device() &&
                    student_logits.device() == center.device();
  if (!here || options.teacher_views > cuda_dino_teachers || !cuda_kernels(student_logits)) return {};
  // Mixed types go in fp32, which holds both.
  const bool same = student_logits.scalar_type() == teacher_logits.scalar_type();
  const at::Tensor student = same ? student_logits : widened(student_logits);
  const at::Tensor teacher = same ? teacher_logits.detach() : widened(teacher_logits.detach());
  return Function<CudaDinoLoss>::apply(student, teacher, center.detach(), std::vector<int64_t>{views, options.teacher_views},
                                       std::vector<double>{options.student_temperature, options.teacher_temperature});
}

}  // namespace lafs::nn
