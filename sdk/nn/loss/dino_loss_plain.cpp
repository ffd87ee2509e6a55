#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "lafs/error.h"
#include "nn/layers/dims.h"
#include "nn/layers/function.h"
#include "nn/loss/dino_loss.h"

namespace lafs::nn {

int64_t check_dino_loss(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center,
                        const DinoLossOptions& options) {
  if (!(options.student_temperature > 0)) {
    throw Error(fmt::format("\"student_temperature\" is {}; it must be above 0", options.student_temperature));
  }
  if (!(options.teacher_temperature > 0)) {
    throw Error(fmt::format("\"teacher_temperature\" is {}; it must be above 0", options.teacher_temperature));
  }
  const auto [student_rows, width] = dims<2>(student_logits, "student_logits");
  const auto [teacher_rows, teacher_width] = dims<2>(teacher_logits, "teacher_logits");
  const auto [one, center_width] = dims<2>(center, "center");
  if (teacher_width != width) {
    throw Error(fmt::format("\"teacher_logits\" has {} columns, not {} as \"student_logits\"", teacher_width, width));
  }
  if (one != 1 || center_width != width) throw Error(fmt::format("\"center\" has shape [{}, {}], not [1, {}]", one, center_width, width));
  if (options.teacher_views < 1 || teacher_rows < 1 || teacher_rows % options.teacher_views != 0) {
    throw Error(fmt::format("\"teacher_logits\" has {} rows, which {} views cannot share", teacher_rows, options.teacher_views));
  }
  const int64_t batch = teacher_rows / options.teacher_views, views = student_rows / batch;
  if (student_rows % batch != 0 || views < options.teacher_views) {
    throw Error(fmt::format("\"student_logits\" has {} rows, which is not whole views of {} rows from {} on", student_rows, batch,
                            options.teacher_views));
  }
  if (views < 2) throw Error("one view cannot be its own teacher: the student needs at least 2");
  return views;
}

at::Tensor dino_loss_plain(const at::Tensor& student_logits, const at::Tensor& teacher_logits, const at::Tensor& center,
                           const DinoLossOptions& options) {
  const AutocastOff off;
  const int64_t views = check_dino_loss(student_logits, teacher_logits, center, options);
  const std::vector<at::Tensor> student = (widened(student_logits) / options.student_temperature).chunk(views);
  const at::Tensor centred = (widened(teacher_logits.detach()) - widened(center.detach())) / options.teacher_temperature;
  const std::vector<at::Tensor> teacher = centred.softmax(-1).chunk(options.teacher_views);
  at::Tensor total;
  for (size_t i = 0; i < teacher.size(); ++i) {
    for (size_t v = 0; v < student.size(); ++v) {
      if (v == i) continue;
      const at::Tensor pair = -(teacher[i] * student[v].log_softmax(-1)).sum(-1).mean();
      total = total.defined() ? total + pair : pair;
    }
  }
  return total / static_cast<double>(options.teacher_views * (views - 1));
}

}  // namespace lafs::nn
