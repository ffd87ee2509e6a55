#pragma once
/// The smallest recipe a Trainer can be built from, and how far apart two trainings are.
#include <algorithm>
#include <map>
#include <string>

#include <ATen/ATen.h>

#include "kernel/recipe/recipe.h"
#include "support/front_door.h"

namespace lafs::test {

using Tensors = std::map<std::string, at::Tensor>;

inline Recipe tiny_recipe(const std::string& run, const std::string& optimizer) {
  const std::string text = "[run]\nseed = 3\nbatch = 8\ndevice = \"cpu\"\nthreads = 1\nloader_threads = 1\n" + run +
                           "\n[input]\nheight = 32\nwidth = 32\n"
                           "[data_source]\nuse = \"synthetic_faces\"\nidentities = 4\nper_identity = 8\nsize = 32\n"
                           "[augmentation]\nuse = \"none\"\n"
                           "[backbone]\nuse = \"fvit\"\ndim = 24\ndepth = 1\nheads = 2\ndim_head = 12\nmlp_dim = 32\n"
                           "dropout = 0\nemb_dropout = 0\ndrop_path = 0\n"
                           "[head]\nuse = \"cosface\"\n[objective]\nuse = \"identification\"\n[optimizer]\n" +
                           optimizer;
  return open_recipe_text(text, "tiny.toml", {}, registry());
}

/// The largest difference, as a share of the largest gradient.
inline double apart(const Tensors& a, const Tensors& b) {
  double difference = 0, largest = 0;
  for (const auto& [name, tensor] : a) {
    difference = std::max(difference, (tensor - b.at(name)).abs().max().item<double>());
    largest = std::max(largest, tensor.abs().max().item<double>());
  }
  return difference / largest;
}

}  // namespace lafs::test
