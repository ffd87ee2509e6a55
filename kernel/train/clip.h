#pragma once
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace lafs {

/// Shortens gradients in place. `clip` as [run] clip: "per_tensor" brings each to at most the length `limit` (pretraining.md 7.4), "global"
/// all of them together, "none" changes nothing. `lengths` as lengths_of gives them, `total` is the length of all. [main thread]
void clip_gradients(const std::vector<at::Tensor>& gradients, const std::vector<double>& lengths, double total, const std::string& clip,
                    double limit);

}  // namespace lafs
