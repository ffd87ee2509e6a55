#pragma once
#include <functional>
#include <memory>
#include <string_view>

#include "lafs/input.h"
#include "lafs/rng.h"
#include "lafs/sample.h"
#include "lafs/views.h"

namespace lafs {

/// Turns a picture into the views of the layout. The loader calls `views` for every picture of a batch, from its worker threads; `lafs show
/// views` and the tests call it too. Every draw comes from `rng`, whose key is made of seed, epoch and picture: the views of a picture
/// depend neither on threads nor on the batch it falls into.
///
///     lafs::ViewLayout layout() const override { return {{"image", 1, height_, width_}}; }
///     void views(const lafs::Sample& sample, lafs::Rng& rng, lafs::Views& out) const override {
///       const std::span<uint8_t> rgb = out.image(0, 0);  // [height, width, 3], uninitialised: every byte must be written
///       lafs::imaging::resize(sample.image, lafs::imaging::Kernel::triangle, height_, width_, rgb);
///       if (rng.coin(0.5)) lafs::imaging::mirror(rgb, width_);
///     }
class Augmentation {
 public:
  static constexpr std::string_view kind = "augmentation";
  using Factory = std::function<std::shared_ptr<Augmentation>(const InputContract&)>;
  virtual ~Augmentation() = default;

  virtual ViewLayout layout() const = 0;  ///< the same at every call [main thread]
  /// Fills every view of the layout. The result depends on sample and rng alone. [any thread]
  virtual void views(const Sample& sample, Rng& rng, Views& out) const = 0;
};

}  // namespace lafs
