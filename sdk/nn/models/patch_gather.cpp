#include "nn/models/patch_gather.h"

#include <cmath>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/grid_sampler.h>
#include <c10/core/DeviceGuard.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "nn/cuda/cuda_kernels.h"
#include "nn/layers/dims.h"
#include "nn/layers/function.h"
#include "nn/simd/patch_simd.h"

namespace lafs::nn {

namespace {

void check(const at::Tensor& images, const at::Tensor& landmarks) {
  const auto [b, c, height, width] = dims<4>(images, "images");
  const auto [rows, n, two] = dims<3>(landmarks, "landmarks");
  if (height != width) throw Error(fmt::format("\"images\" has {} x {} pixels; landmarks need square images", height, width));
  if (rows != b) throw Error(fmt::format("\"landmarks\" has {} rows, \"images\" {}", rows, b));
  if (two != 2) throw Error(fmt::format("\"landmarks\" has {} coordinates a landmark, not 2", two));
}

/// What is added to a landmark to get the place of the first sample, pixel centres being integers (models.md 5.2, quirk M4).
double shift_of(const PatchGather& options) {
  const auto p = static_cast<double>(options.patch);
  return options.centred ? (1 - p) / 2 : -(1 + p) / 2;
}

using Gradients = std::pair<at::Tensor, at::Tensor>;  ///< of the landmarks, and of the images if asked for

/// Patches of one type of number. Pictures are shared out over threads: each adds up its own gradient, in the same order always.
template <typename T>
class Patches {
 public:
  /// images [B,C,S,S], landmarks [B,N,2], contiguous
  Patches(const at::Tensor& images, const at::Tensor& landmarks, const PatchGather& options)
      : images_(images),
        landmarks_(landmarks),
        options_(options),
        count_(landmarks.size(1)),
        picture_(images[0].numel()),
        token_(options.patch * options.patch * images.size(1)) {}

  at::Tensor read() const {
    at::Tensor out = at::empty({images_.size(0), count_, token_}, images_.options());
    auto* tokens = out.template mutable_data_ptr<T>();
    each([&](auto& reader, int64_t b, int64_t row) { reader.read(image(b), landmark(row), tokens + row * token_); });
    return out;
  }

  Gradients back(const at::Tensor& gradient, bool of_images) const {
    at::Tensor d_landmarks = at::empty_like(landmarks_), d_images = of_images ? at::zeros_like(images_) : at::Tensor();
    const auto* d_tokens = gradient.template const_data_ptr<T>();
    auto* d_places = d_landmarks.template mutable_data_ptr<T>();
    auto* d_pixels = of_images ? d_images.template mutable_data_ptr<T>() : nullptr;
    each([&](auto& reader, int64_t b, int64_t row) {
      reader.back(image(b), landmark(row), d_tokens + row * token_, d_places + 2 * row, d_pixels ? d_pixels + b * picture_ : nullptr);
    });
    return {d_landmarks, d_images};
  }

 private:
  const T* image(int64_t b) const { return images_.const_data_ptr<T>() + b * picture_; }
  const T* landmark(int64_t row) const { return landmarks_.const_data_ptr<T>() + 2 * row; }

  template <typename Work>
  void each(const Work& work) const {
    if (options_.patch == 8 && images_.size(1) == 3) return each_with<PatchReader<T, 8, 3>>(work);  // every published model
    each_with<PatchReader<T>>(work);
  }

  template <typename Reader, typename Work>
  void each_with(const Work& work) const {
    at::parallel_for(0, images_.size(0), 1, [&](int64_t first, int64_t last) {
      Reader reader(images_.size(2), images_.size(1), options_.patch, options_.transposed, shift_of(options_));
      for (int64_t b = first; b < last; ++b) {
        for (int64_t n = 0; n < count_; ++n) work(reader, b, b * count_ + n);
      }
    });
  }

  const at::Tensor &images_, &landmarks_;
  const PatchGather& options_;
  int64_t count_, picture_, token_;
};

/// The same by the GPU's kernels, in fp32.
class CudaGather {
 public:
  CudaGather(const at::Tensor& images, const at::Tensor& landmarks, const PatchGather& options)
      : images_(images), landmarks_(landmarks), guard_(images.device()), kernels_(cuda_kernels(images)) {
    if (!kernels_) throw Error("the gathering of patches changed its stream between its passes");
    numbers_ = {images.const_data_ptr<float>(),
                landmarks.const_data_ptr<float>(),
                images.size(0),
                landmarks.size(1),
                images.size(2),
                images.size(1),
                options.patch,
                options.transposed,
                static_cast<float>(shift_of(options)),
                images.get_device()};
  }

  at::Tensor read() const {
    at::Tensor out = at::empty({numbers_.batch, numbers_.count, numbers_.patch * numbers_.patch * numbers_.channels}, images_.options());
    check_cuda("patches", kernels_->patches(numbers_, out.mutable_data_ptr<float>()));
    return out;
  }

  Gradients back(const at::Tensor& gradient, bool of_images) const {
    const auto* d_tokens = gradient.const_data_ptr<float>();
    at::Tensor d_landmarks = at::empty_like(landmarks_), d_images = of_images ? at::empty_like(images_) : at::Tensor();
    check_cuda("patches_to_landmarks", kernels_->patches_to_landmarks(numbers_, d_tokens, d_landmarks.mutable_data_ptr<float>()));
    if (of_images) check_cuda("patches_to_images", kernels_->patches_to_images(numbers_, d_tokens, d_images.mutable_data_ptr<float>()));
    return {d_landmarks, d_images};
  }

 private:
  const at::Tensor &images_, &landmarks_;
  c10::DeviceGuard guard_;
  const CudaKernels* kernels_;
  CudaPatches numbers_;
};

/// `use` with the patches of the tensors' place and type.
template <typename Use>
auto with_patches(const at::Tensor& pixels, const at::Tensor& places, const PatchGather& options, const Use& use) {
  if (pixels.is_cuda()) return use(CudaGather(pixels, places, options));
  return pixels.scalar_type() == at::kDouble ? use(Patches<double>(pixels, places, options)) : use(Patches<float>(pixels, places, options));
}

/// Whether there are loops for such tensors.
bool has_loops(const at::Tensor& images, const at::Tensor& landmarks) {
  if (images.is_cpu()) return landmarks.is_cpu();
  const bool wide = images.scalar_type() == at::kDouble || landmarks.scalar_type() == at::kDouble;
  return !wide && images.device() == landmarks.device() && cuda_kernels(images);
}

struct Gather {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& images, const at::Tensor& landmarks,
                            const PatchGather& options) {
    const at::ScalarType type = at::promote_types(images.scalar_type(), landmarks.scalar_type());
    const at::Tensor pixels = images.to(type).contiguous(), places = landmarks.to(type).contiguous();
    context->save_for_backward({pixels, places});
    context->saved_data["patch"] = options.patch;
    context->saved_data["transposed"] = options.transposed;
    context->saved_data["centred"] = options.centred;
    if (images.size(0) == 0) return at::empty({0, landmarks.size(1), options.patch * options.patch * images.size(1)}, pixels.options());
    return with_patches(pixels, places, options, [](const auto& patches) { return patches.read(); });
  }

  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context, const at::Tensor& gradient) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &pixels = saved[0], &places = saved[1];
    PatchGather options;
    options.patch = context->saved_data["patch"].toInt();
    options.transposed = context->saved_data["transposed"].toBool();
    options.centred = context->saved_data["centred"].toBool();
    const bool of_images = context->needs_input_grad(0);
    if (pixels.size(0) == 0) return {of_images ? at::zeros_like(pixels) : at::Tensor(), at::zeros_like(places), {}};
    const at::Tensor wide = gradient.to(pixels.scalar_type()).contiguous();
    const auto [d_places, d_pixels] =
        with_patches(pixels, places, options, [&](const auto& patches) { return patches.back(wide, of_images); });
    return {of_images ? d_pixels : at::Tensor(), d_places, {}};
  }
};

}  // namespace

at::Tensor gather_patches_by_grid_sample(const at::Tensor& images, const at::Tensor& landmarks, const PatchGather& options) {
  check(images, landmarks);
  const AutocastOff off;
  const int64_t b = images.size(0), c = images.size(1), size = images.size(2), n = landmarks.size(1), p = options.patch;
  const at::ScalarType type = at::promote_types(widened(images).scalar_type(), widened(landmarks).scalar_type());
  const at::Tensor wide = images.to(type), places = landmarks.to(type);
  const double first = -static_cast<double>(p) / 2 + (options.centred ? 1 : 0);
  const at::Tensor offsets = at::arange(p, wide.options()) + first;                                             // [p]
  const at::Tensor along = (places.unsqueeze(2) + offsets.view({p, 1})) / (static_cast<double>(size) / 2) - 1;  // [B,N,p,2]
  const at::Tensor x = along.select(3, 0), y = along.select(3, 1);                                              // [B,N,p]
  const at::Tensor slow = (options.transposed ? x : y).unsqueeze(3).expand({b, n, p, p});
  const at::Tensor fast = (options.transposed ? y : x).unsqueeze(2).expand({b, n, p, p});
  const at::Tensor grid = options.transposed ? at::stack({slow, fast}, 4) : at::stack({fast, slow}, 4);  // [B,N,p,p,2]
  const at::Tensor patches = at::grid_sampler(wide, grid.view({b, n * p, p, 2}), 0, 0, false);           // [B,C,N*p,p]
  return patches.view({b, c, n, p, p}).permute({0, 2, 3, 4, 1}).reshape({b, n, p * p * c}).to(images.scalar_type());
}

at::Tensor gather_patches(const at::Tensor& images, const at::Tensor& landmarks, const PatchGather& options) {
  check(images, landmarks);
  if (!has_loops(images, landmarks)) return gather_patches_by_grid_sample(images, landmarks, options);
  return Function<Gather>::apply(images, landmarks, options).to(images.scalar_type());
}

at::Tensor mosaic(const at::Tensor& tokens, int64_t patch, int64_t channels) {
  const auto [b, n, width] = dims<3>(tokens, "tokens");
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(n))));
  if (side * side != n) throw Error(fmt::format("\"tokens\" has {} tokens, not a square number", n));
  if (width != patch * patch * channels) {
    throw Error(fmt::format("\"tokens\" has {} numbers a token, not {}", width, patch * patch * channels));
  }
  const at::Tensor parts = tokens.reshape({b, side, side, patch, patch, channels});
  return parts.permute({0, 5, 1, 3, 2, 4}).reshape({b, channels, side * patch, side * patch});
}

}  // namespace lafs::nn
