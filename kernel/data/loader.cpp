#include "kernel/data/loader.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>

#include <ATen/record_function.h>
#include <fmt/format.h>

#include "kernel/data/pixels.h"
#include "kernel/ranks/device.h"
#include "lafs/error.h"
#include "lafs/rng.h"

namespace lafs {

namespace {

Sample decoded(const DataSource& source, int64_t index) {
  RECORD_USER_SCOPE("decode");
  return source.get(index);
}

}  // namespace

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
    Sample meta;                                // without picture
    std::vector<std::vector<float>> landmarks;  // group * count + view
    std::exception_ptr error;
  };
  std::vector<at::Tensor> images;  // per group [V,B,H,W,3] uint8
  std::vector<Row> rows;
  int64_t left = 0;  // rows still to be filled
};

class Loader::SlotViews final : public Views {
 public:
  SlotViews(Slot& slot, const ViewLayout& layout, int64_t row) : slot_(slot), layout_(layout), row_(row) {
    size_t views = 0;
    for (const ViewGroup& group : layout) {
      first_.push_back(views);
      views += static_cast<size_t>(group.count);
    }
    slot.rows[static_cast<size_t>(row)].landmarks.assign(views, {});
  }
  std::span<uint8_t> image(size_t group, int64_t index) override {
    at::Tensor& images = slot_.images.at(group);
    check(group, index);
    const int64_t bytes = layout_[group].height * layout_[group].width * 3;
    return {images.data_ptr<uint8_t>() + (index * images.size(1) + row_) * bytes, static_cast<size_t>(bytes)};
  }
  void landmarks(size_t group, int64_t index, std::span<const float> points) override {
    check(group, index);
    if (points.size() % 2 != 0) {
      throw Error(
          fmt::format("view {} of group \"{}\" has {} numbers for landmarks, not pairs", index, layout_[group].name, points.size()));
    }
    slot_.rows[static_cast<size_t>(row_)].landmarks.at(first_.at(group) + static_cast<size_t>(index)).assign(points.begin(), points.end());
  }

 private:
  void check(size_t group, int64_t index) const {
    if (index < 0 || index >= layout_.at(group).count) {
      throw Error(fmt::format("view {} of group \"{}\" is not in the layout", index, layout_[group].name));
    }
  }

  Slot& slot_;
  const ViewLayout& layout_;
  int64_t row_;
  std::vector<size_t> first_;
};

Loader::Loader(std::shared_ptr<const DataSource> source, std::shared_ptr<const Augmentation> augmentation, InputContract input,
               LoaderOptions options, at::Device device)
    : source_(std::move(source)),
      augmentation_(std::move(augmentation)),
      input_(std::move(input)),
      options_(options),
      device_(device),
      layout_(augmentation_->layout()),
      sampler_(options.seed, source_->size(), options.batch, options.place),
      next_task_(options.first * sampler_.rows()),
      next_batch_(options.first) {
  for (int64_t s = 0; s < std::max<int64_t>(options_.prefetch, 1); ++s) {
    auto slot = std::make_unique<Slot>();
    for (const ViewGroup& group : layout_) {
      slot->images.push_back(at::empty({group.count, sampler_.rows(), group.height, group.width, 3}, at::kByte));
    }
    slot->rows.resize(static_cast<size_t>(sampler_.rows()));
    slot->left = sampler_.rows();
    slots_.push_back(std::move(slot));
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
    Sample sample = decoded(*source_, sampler_.index(micro, row));
    Rng rng(sampler_.augmentation_key(micro, row));
    SlotViews views(slot, layout_, row);
    {
      RECORD_USER_SCOPE("augment");
      augmentation_->views(sample, rng, views);
    }
    sample.image = {};
    out.meta = std::move(sample);
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

namespace {

/// [V,B,L,2] of a group whose rows carry landmarks; undefined when none does.
at::Tensor landmarks_of(const ViewGroup& group, int64_t batch,
                        const std::function<const std::vector<float>&(int64_t view, int64_t row)>& points) {
  size_t numbers = 0;
  for (int64_t row = 0; row < batch && numbers == 0; ++row) numbers = points(0, row).size();
  if (numbers == 0) return {};
  const auto landmarks = static_cast<int64_t>(numbers / 2);
  at::Tensor out = at::empty({group.count, batch, landmarks, 2});
  for (int64_t view = 0; view < group.count; ++view) {
    for (int64_t row = 0; row < batch; ++row) {
      const auto& source = points(view, row);
      if (source.size() != numbers) {
        throw Error(
            fmt::format("views \"{}\" carry {} landmarks in one picture and {} in another", group.name, landmarks, source.size() / 2));
      }
      std::memcpy(out.data_ptr<float>() + (view * batch + row) * landmarks * 2, source.data(), numbers * sizeof(float));
    }
  }
  return out;
}

}  // namespace

std::shared_ptr<LoadedBatch> Loader::take(Slot& slot, int64_t micro) {
  auto batch = std::make_shared<LoadedBatch>();
  batch->micro = micro;
  batch->epoch = sampler_.epoch_of(micro);
  size_t first_view = 0;
  for (size_t g = 0; g < layout_.size(); ++g) {
    const ViewGroup& group = layout_[g];
    LoadedBatch::Group out{group.name, to_network(slot.images[g], input_, device_), {}};
    out.landmarks = landmarks_of(group, sampler_.rows(), [&](int64_t view, int64_t row) -> const std::vector<float>& {
      return slot.rows[static_cast<size_t>(row)].landmarks[first_view + static_cast<size_t>(view)];
    });
    if (out.landmarks.defined()) out.landmarks = out.landmarks.to(device_);
    batch->groups_.push_back(std::move(out));
    first_view += static_cast<size_t>(group.count);
  }
  std::vector<int64_t> labels, indices;
  for (int64_t row = 0; row < sampler_.rows(); ++row) {
    const Sample& meta = slot.rows[static_cast<size_t>(row)].meta;
    labels.push_back(meta.identity);
    batch->rows.push_back(sampler_.position(micro, row));
    indices.push_back(sampler_.index(micro, row));
    batch->keys.push_back(meta.key);
  }
  batch->labels_ = torch::tensor(labels).to(device_);
  batch->positions_ = torch::tensor(batch->rows).to(device_);
  batch->indices_ = torch::tensor(indices).to(device_);
  return batch;
}

}  // namespace lafs
