#include "kernel/train/clip.h"

#include <algorithm>

#include "nn/train/fused_update.h"

namespace lafs {

void clip_gradients(const std::vector<at::Tensor>& gradients, const std::vector<double>& lengths, double total, const std::string& clip,
                    double limit) {
  if (clip != "global" && clip != "per_tensor") return;
  std::vector<double> factors;
  for (const double length : lengths) factors.push_back(std::min(1.0, limit / ((clip == "global" ? total : length) + 1e-6)));
  nn::scale_each(gradients, factors);
}

}  // namespace lafs
