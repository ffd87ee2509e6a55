#pragma once
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <torch/types.h>

#include "lafs/augmentation.h"
#include "lafs/batch.h"
#include "lafs/data_source.h"
#include "lafs/input.h"

namespace lafs {

/// Which picture stands where: micro-batch m of a run holds positions [m*B, (m+1)*B) of its epoch's order, tails dropped.
/// A pure function of (seed, images, batch). [any thread]
class Sampler {
 public:
  /// Throws Error when an epoch holds no whole batch.
  Sampler(uint64_t seed, int64_t images, int64_t batch);
  int64_t batches_per_epoch() const { return per_epoch_; }
  int64_t epoch_of(int64_t micro) const { return micro / per_epoch_; }
  int64_t position(int64_t micro, int64_t row) const { return (micro % per_epoch_) * batch_ + row; }
  int64_t index(int64_t micro, int64_t row) const;
  uint64_t augmentation_key(int64_t micro, int64_t row) const;

 private:
  uint64_t seed_;
  int64_t images_, batch_, per_epoch_;
};

struct LoaderOptions {
  uint64_t seed = 0;
  int64_t batch = 1;  ///< rows of a micro-batch
  int64_t first = 0;  ///< micro-batch to begin with
  int64_t end = 1;    ///< one past the last
  int64_t threads = 1;
  int64_t prefetch = 2;  ///< micro-batches in flight: all the memory the loader takes
};

/// A micro-batch that is on its device.
class LoadedBatch final : public Batch {
 public:
  int64_t size() const override { return labels_.size(0); }
  bool has(std::string_view group) const override;
  at::Tensor views(std::string_view group) const override;
  at::Tensor landmarks(std::string_view group) const override;
  at::Tensor labels() const override { return labels_; }
  at::Tensor positions() const override { return positions_; }
  at::Tensor indices() const override { return indices_; }

  std::vector<std::string> keys;  ///< of the pictures, row by row
  int64_t micro = 0, epoch = 0;

 private:
  friend class Loader;
  struct Group {
    std::string name;
    at::Tensor images, landmarks;
  };
  const Group& group(std::string_view name) const;

  std::vector<Group> groups_;
  at::Tensor labels_, positions_, indices_;
};

/// `DataSource::get`, then `Augmentation::views`, in threads, into preallocated 8-bit batches. What comes out does not
/// depend on the number of threads. An error of a thread reaches the caller of `next` at its batch. [main thread]
class Loader {
 public:
  Loader(std::shared_ptr<const DataSource> source, std::shared_ptr<const Augmentation> augmentation, InputContract input,
         LoaderOptions options, at::Device device);
  ~Loader();

  std::shared_ptr<LoadedBatch> next();
  double waited_seconds() const { return waited_; }  ///< time `next` stood waiting for pictures, in all

 private:
  struct Slot;
  class SlotViews;

  void work();
  void fill(int64_t micro, int64_t row);
  std::shared_ptr<LoadedBatch> take(Slot& slot, int64_t micro);

  std::shared_ptr<const DataSource> source_;
  std::shared_ptr<const Augmentation> augmentation_;
  InputContract input_;
  LoaderOptions options_;
  at::Device device_;
  ViewLayout layout_;
  Sampler sampler_;

  std::mutex mutex_;
  std::condition_variable may_fill_, is_full_;
  std::vector<std::unique_ptr<Slot>> slots_;
  int64_t next_task_, next_batch_;
  bool stopping_ = false;
  double waited_ = 0;
  std::vector<std::jthread> threads_;  // last: joined before anything they use goes
};

}  // namespace lafs
