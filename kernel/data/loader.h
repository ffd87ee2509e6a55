#pragma once
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "kernel/data/sampler.h"
#include "kernel/recipe/recipe.h"
#include "lafs/augmentation.h"
#include "lafs/batch.h"
#include "lafs/data_source.h"
#include "lafs/input.h"

namespace lafs {

struct LoaderOptions {
  uint64_t seed = 0;
  int64_t batch = 1;  ///< images of a micro-batch over all ranks
  int64_t first = 0;  ///< micro-batch to begin with
  int64_t end = 1;    ///< one past the last
  int64_t threads = 1;
  int64_t prefetch = 2;  ///< micro-batches in flight: all the memory the loader takes
  Place place;
};

/// Options of `[run]` for the micro-batches from `first` to before `end`.
LoaderOptions loader_options(const RunOptions& run, int64_t first, int64_t end);

/// A micro-batch that is on its device.
class LoadedBatch final : public Batch {
 public:
  int64_t size() const override { return static_cast<int64_t>(rows.size()); }
  bool has(std::string_view group) const override;
  at::Tensor views(std::string_view group) const override;
  at::Tensor landmarks(std::string_view group) const override;
  at::Tensor labels() const override { return labels_; }
  at::Tensor positions() const override { return positions_; }
  at::Tensor indices() const override { return indices_; }

  std::vector<std::string> keys;  ///< of the pictures, row by row
  std::vector<int64_t> rows;      ///< positions() on the host
  /// Pictures that could not be read, by index, with those that stand in for them (TrainingPictures).
  std::vector<std::pair<int64_t, int64_t>> replaced;
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

  void work();
  void fill(int64_t micro, int64_t row);
  std::shared_ptr<LoadedBatch> take(Slot& slot, int64_t micro);

  std::shared_ptr<const DataSource> source_;
  std::shared_ptr<const Augmentation> augmentation_;
  InputContract input_;
  LoaderOptions options_;
  at::Device device_;
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
