#include "kernel/data/loader.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "kernel/data/pixels.h"
#include "kernel/data/view_rows.h"
#include "kernel/ranks/device.h"
#include "lafs/error.h"

namespace lafs {

LoaderOptions loader_options(const RunOptions& run, int64_t first, int64_t end) {
  LoaderOptions options;
  options.seed = static_cast<uint64_t>(run.seed);
  options.batch = run.batch;
  options.first = first;
  options.end = end;
  options.threads = run.loader_threads;
  options.prefetch = run.prefetch;
  return options;
}

const LoadedBatch::Group& LoadedBatch::group(std::string_view name) const {
  for (const Group& group : groups_) {
    if (group.name == name) return group;
  }
  throw Error(fmt::format("the batch has no views \"{}\"", name));
}
bool LoadedBatch::has(std::string_view name) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) { return group.name == name; });
}
at::Tensor LoadedBatch::views(std::string_view name) const { return group(name).images; }
at::Tensor LoadedBatch::landmarks(std::string_view name) const {
  const Group& found = group(name);
  if (!found.landmarks.defined()) throw Error(fmt::format("the views \"{}\" carry no landmarks", name));
  return found.landmarks;
}

/// One micro-batch in flight. Rows are written by different threads, each its own part.
struct Loader::Slot {
  struct Row {
    Sample meta;  // without picture
    std::exception_ptr error;
  };
  ViewRows views;
  std::vector<Row> rows;
  int64_t left = 0;  // rows still to be filled
};

Loader::Loader(std::shared_ptr<const DataSource> source, std::shared_ptr<const Augmentation> augmentation, InputContract input,
               LoaderOptions options, at::Device device)
    : source_(std::move(source)),
      augmentation_(std::move(augmentation)),
      input_(std::move(input)),
      options_(options),
      device_(device),
      sampler_(options.seed, source_->size(), options.batch, options.place),
      next_task_(options.first * sampler_.rows()),
      next_batch_(options.first) {
  const int64_t rows = sampler_.rows();
  for (int64_t s = 0; s < std::max<int64_t>(options_.prefetch, 1); ++s) {
    slots_.push_back(
        std::make_unique<Slot>(Slot{ViewRows(augmentation_->layout(), rows), std::vector<Slot::Row>(static_cast<size_t>(rows)), rows}));
  }
  start_serial_threads(threads_, std::max<int64_t>(options_.threads, 1), [this](std::stop_token) { work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  may_fill_.notify_all();
}

void Loader::work() {
  pthread_setname_np(pthread_self(), "loader");  // for those who look at the process, or at a trace
  while (true) {
    int64_t task;
    {
      std::unique_lock lock(mutex_);
      const auto in_flight = static_cast<int64_t>(slots_.size());
      may_fill_.wait(lock, [&] { return stopping_ || next_task_ / sampler_.rows() < next_batch_ + in_flight; });
      if (stopping_ || next_task_ >= options_.end * sampler_.rows()) return;
      task = next_task_++;
    }
    fill(task / sampler_.rows(), task % sampler_.rows());
  }
}

void Loader::fill(int64_t micro, int64_t row) {
  Slot& slot = *slots_[static_cast<size_t>(micro) % slots_.size()];
  Slot::Row& out = slot.rows[static_cast<size_t>(row)];
  out.error = nullptr;
  try {
    out.meta = slot.views.fill(*source_, *augmentation_, sampler_, micro, row);
    out.meta.image = {};
  } catch (...) {
    out.error = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  if (--slot.left == 0) is_full_.notify_all();
}

std::shared_ptr<LoadedBatch> Loader::next() {
  if (next_batch_ >= options_.end) throw Error("the loader has no more batches");
  Slot& slot = *slots_[static_cast<size_t>(next_batch_) % slots_.size()];
  const auto start = std::chrono::steady_clock::now();
  {
    std::unique_lock lock(mutex_);
    is_full_.wait(lock, [&] { return slot.left == 0; });
  }
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const Slot::Row& row : slot.rows) {
    if (row.error) std::rethrow_exception(row.error);
  }
  auto batch = take(slot, next_batch_);
  {
    const std::lock_guard lock(mutex_);
    slot.left = sampler_.rows();
    ++next_batch_;
  }
  may_fill_.notify_all();
  return batch;
}

std::shared_ptr<LoadedBatch> Loader::take(Slot& slot, int64_t micro) {
  auto batch = std::make_shared<LoadedBatch>();
  batch->micro = micro;
  batch->epoch = sampler_.epoch_of(micro);
  const ViewLayout& layout = slot.views.layout();
  for (size_t g = 0; g < layout.size(); ++g) {
    LoadedBatch::Group group{layout[g].name, to_network(slot.views.images(g), input_, device_), slot.views.landmarks(g)};
    if (group.landmarks.defined()) group.landmarks = group.landmarks.to(device_);
    batch->groups_.push_back(std::move(group));
  }
  std::vector<int64_t> labels, indices;
  for (int64_t row = 0; row < sampler_.rows(); ++row) {
    const Sample& meta = slot.rows[static_cast<size_t>(row)].meta;
    labels.push_back(meta.identity);
    batch->rows.push_back(sampler_.position(micro, row));
    const int64_t index = sampler_.index(micro, row);
    if (meta.index != index) batch->replaced.emplace_back(index, meta.index);
    indices.push_back(meta.index);
    batch->keys.push_back(meta.key);
  }
  batch->labels_ = torch::tensor(labels).to(device_);
  batch->positions_ = torch::tensor(batch->rows).to(device_);
  batch->indices_ = torch::tensor(indices).to(device_);
  return batch;
}

}  // namespace lafs
