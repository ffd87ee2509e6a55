#pragma once
#include <ATen/core/Tensor.h>

#include "lafs/input.h"
#include "lafs/sample.h"

namespace lafs {

/// What the network sees: bytes [...,H,W,3] uint8 RGB -> [...,3,H,W] float32, contiguous, (v/255 - mean[c]) / std[c] rounded in this order,
/// channels in the order of the contract's colour. Equal bits on every path. Throws Error for another type or shape. [any thread]
at::Tensor to_network(const at::Tensor& bytes, const InputContract& input, at::Device device);

/// [...,H,W] -> the same with columns in reverse order. [any thread]
at::Tensor mirrored(const at::Tensor& images);

/// The picture at the contract's height and width, then moved by its shift; the same bytes where neither changes it. [any thread]
Image fitted(const Image& image, const InputContract& input);

}  // namespace lafs
