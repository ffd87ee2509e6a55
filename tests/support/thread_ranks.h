#pragma once
/// Ranks of a run as threads of one process, for what is written against `Collective`.
#include <barrier>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/types.h>

#include "lafs/collective.h"

namespace lafs::test {

/// What the ranks share: a place for each one's tensor.
struct SharedPlaces {
  explicit SharedPlaces(int64_t world) : tensors(static_cast<size_t>(world)), all(world) {}
  std::vector<at::Tensor> tensors;
  std::barrier<> all;
};

/// One rank. A rank that throws leaves the others to a barrier that no longer waits for it.
class ThreadRank final : public Collective {
 public:
  ThreadRank(std::shared_ptr<SharedPlaces> places, int64_t rank) : places_(std::move(places)), rank_(rank) {}
  int64_t rank() const override { return rank_; }
  int64_t world() const override { return static_cast<int64_t>(places_->tensors.size()); }
  void sum(at::Tensor& tensor) override { tensor.copy_(at::stack(exchanged(tensor)).sum(0)); }
  void max(at::Tensor& tensor) override { tensor.copy_(std::get<0>(at::stack(exchanged(tensor)).max(0))); }
  at::Tensor all_gather(const at::Tensor& tensor) override { return at::cat(exchanged(tensor)); }
  at::Tensor reduce_scatter(const at::Tensor& tensor) override {
    return at::stack(exchanged(tensor)).sum(0).chunk(world())[static_cast<size_t>(rank_)].clone();
  }
  void broadcast(at::Tensor& tensor, int64_t root) override { tensor.copy_(exchanged(tensor)[static_cast<size_t>(root)]); }
  void barrier() override { places_->all.arrive_and_wait(); }
  void leave() { places_->all.arrive_and_drop(); }

 private:
  std::vector<at::Tensor> exchanged(const at::Tensor& own) {
    places_->tensors[static_cast<size_t>(rank_)] = own.detach().clone();
    barrier();
    const std::vector<at::Tensor> all = places_->tensors;
    barrier();  // nobody writes before all have read
    return all;
  }

  std::shared_ptr<SharedPlaces> places_;
  int64_t rank_;
};

/// `work(collective)` on a thread for each rank; throws what the first of them threw.
inline void on_ranks(int64_t world, const std::function<void(Collective&)>& work) {
  const auto places = std::make_shared<SharedPlaces>(world);
  std::vector<std::exception_ptr> failures(static_cast<size_t>(world));
  {
    std::vector<std::jthread> threads;
    for (int64_t rank = 0; rank < world; ++rank) {
      threads.emplace_back([&, rank] {
        at::set_num_threads(1);
        ThreadRank one(places, rank);
        try {
          work(one);
        } catch (...) {
          failures[static_cast<size_t>(rank)] = std::current_exception();
        }
        one.leave();
      });
    }
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace lafs::test
