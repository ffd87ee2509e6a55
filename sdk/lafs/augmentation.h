#pragma once
#include <functional>
#include <memory>
#include <string_view>

#include "lafs/input.h"
#include "lafs/rng.h"
#include "lafs/sample.h"
#include "lafs/views.h"

namespace lafs {

/// Turns a picture into the views of the layout.
class Augmentation {
 public:
  static constexpr std::string_view kind = "augmentation";
  using Factory = std::function<std::shared_ptr<Augmentation>(const InputContract&)>;
  virtual ~Augmentation() = default;

  virtual ViewLayout layout() const = 0;  ///< the same at every call
  /// Fills every view of the layout. The result depends on sample and rng alone. [any thread]
  virtual void views(const Sample& sample, Rng& rng, Views& out) const = 0;
};

}  // namespace lafs
