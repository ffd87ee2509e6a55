#include "nn/loss/dino_loss_cuda.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "lafs/error.h"
#include "nn/cuda/cuda_kernels.h"
#include "nn/loss/dino_loss_rule.h"

namespace lafs::nn {

namespace {

bool on_a_gpu(const at::Tensor& x) {
  return x.is_cuda() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16);
}

CudaLogits kind_of(const at::Tensor& x) {
  if (x.scalar_type() == at::kHalf) return CudaLogits::fp16;
  return x.scalar_type() == at::kBFloat16 ? CudaLogits::bf16 : CudaLogits::fp32;
}

CudaDino numbers_of(const DinoRows& rows) {
  return {rows.student.const_data_ptr(),
          rows.teacher.const_data_ptr(),
          rows.center.const_data_ptr<float>(),
          rows.student_sums.mutable_data_ptr<float>(),
          rows.teacher_sums.mutable_data_ptr<float>(),
          rows.batch(),
          rows.student.size(1),
          rows.views(),
          rows.teacher_views(),
          static_cast<float>(rows.temperatures[0]),
          static_cast<float>(rows.temperatures[1]),
          kind_of(rows.student),
          rows.student.get_device()};
}

const CudaKernels& kernels_of(const at::Tensor& x) {
  const CudaKernels* kernels = cuda_kernels(x);
  if (!kernels) throw Error("the self-distillation loss changed its stream between its passes");
  return *kernels;
}

/// The loss by liblafs_cuda.so, on the device of the tensors.
struct CudaDinoLoss {
  static at::Tensor loss(const DinoRows& rows) {
    const int64_t chunks = (rows.student.size(1) + cuda_dino_tile - 1) / cuda_dino_tile;
    const at::Tensor parts = at::empty({rows.batch(), rows.views(), chunks, 3}, rows.center.options());
    const at::Tensor losses = at::empty({rows.batch()}, rows.center.options().dtype(at::kDouble));
    const CudaKernels& kernels = kernels_of(rows.student);
    check_cuda("dino", kernels.dino(numbers_of(rows), parts.mutable_data_ptr<float>(), losses.mutable_data_ptr<double>()));
    return (losses.sum() * rows.scale()).to(at::kFloat);
  }

  static at::Tensor gradient(const DinoRows& rows, const at::Tensor& incoming) {
    const at::Tensor out = at::empty_like(rows.student), factor = incoming.to(rows.center.options()).contiguous();
    const CudaKernels& kernels = kernels_of(rows.student);
    check_cuda("dino_to_student", kernels.dino_to_student(numbers_of(rows), factor.const_data_ptr<float>(),
                                                          static_cast<float>(rows.scale()), out.mutable_data_ptr()));
    return out;
  }
};

}  // namespace

at::Tensor dino_loss_on_gpu(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center, int64_t views,
                            const DinoLossOptions& options) {
  const bool here = on_a_gpu(student_logits) && on_a_gpu(teacher_logits) && on_a_gpu(center) &&
                    student_logits.device() == teacher_logits.device() && student_logits.device() == center.device();
  if (!here || options.teacher_views > cuda_dino_teachers || !cuda_kernels(student_logits)) return {};
  return fused_dino_loss<CudaDinoLoss>(student_logits, teacher_logits, center, views, options);
}

}  // namespace lafs::nn
