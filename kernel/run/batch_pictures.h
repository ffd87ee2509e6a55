#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernel/run/listener.h"
#include "lafs/input.h"
#include "lafs/sample.h"
#include "lafs/tensor.h"
#include "lafs/views.h"

namespace lafs {

class LoadedBatch;
class RecipeAssembly;

/// The picture that [3,H,W] planes of a network's input were made of. [any thread]
Image picture_of(const Tensor& planes, const InputContract& input);

/// One view of each of some pictures of a micro-batch.
struct ViewPictures {
  std::string group;          ///< of the augmentation's views: "global"
  std::vector<Image> images;  ///< picture by picture
};

/// The first pictures of a micro-batch as the network is fed them: with the augmentation, size and colour order of the training.
struct BatchPictures {
  int64_t step = 0;                 ///< optimizer step, counted from 0
  std::vector<std::string> keys;    ///< of the pictures
  std::vector<ViewPictures> views;  ///< in the order of the layout
};

/// At most `most` pictures of a batch with all of their views. [main thread]
BatchPictures batch_pictures(const LoadedBatch& batch, const ViewLayout& layout, const InputContract& input, int64_t step, int64_t most);

/// Shows listeners what a session begins with.
class FirstBatch {
 public:
  FirstBatch(const RunListeners& listeners, const InputContract& input) : listeners_(listeners), input_(input) {}
  /// The same batch; the first one goes to the listeners, too.
  std::shared_ptr<LoadedBatch> shown(std::shared_ptr<LoadedBatch> batch, RecipeAssembly& assembly, int64_t step);

 private:
  static constexpr int64_t most = 8;  // pictures
  const RunListeners& listeners_;
  const InputContract& input_;
  bool done_ = false;
};

}  // namespace lafs
