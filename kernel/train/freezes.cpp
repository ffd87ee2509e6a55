#include "kernel/train/freezes.h"

#include <fmt/format.h>
#include <torch/nn/module.h>

#include "kernel/train/pattern.h"
#include "lafs/error.h"

namespace lafs {

Freezes::Freezes(const torch::nn::Module& root, const std::vector<FreezeOptions>& options) {
  std::vector<std::pair<std::string, at::Tensor>> trains;
  for (const auto& item : root.named_parameters())
    if (item.value().requires_grad()) trains.emplace_back(item.key(), item.value());
  for (const FreezeOptions& freeze : options) {
    for (const std::string& pattern : freeze.match) {
      bool any = false;
      for (auto& [name, parameter] : trains) {
        if (!chooses(pattern, name, parameter, "optimizer freeze")) continue;
        any = true;
        if (freeze.epochs == 0) {
          parameter.set_requires_grad(false);
        } else {
          temporary_.push_back({parameter, freeze.epochs});
        }
      }
      if (!any) throw Error(fmt::format("optimizer freeze: no parameter that trains is chosen by the pattern \"{}\"", pattern));
    }
  }
}

void Freezes::apply(const Timeline& time) {
  for (Temporary& one : temporary_) one.parameter.set_requires_grad(true);
  for (Temporary& one : temporary_)
    if (time.epochs_done < one.epochs) one.parameter.set_requires_grad(false);
}

}  // namespace lafs
