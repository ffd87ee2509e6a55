#include "nn/layers/gather.h"

#include <doctest/doctest.h>
#include <torch/types.h>

namespace {

/// Rank 1 of two, whose other rank holds the same rows times ten and sends back the gradient it got times three.
class TwoRanks final : public lafs::Collective {
 public:
  int64_t rank() const override { return 1; }
  int64_t world() const override { return 2; }
  void sum(at::Tensor& tensor) override { tensor.mul_(2); }
  void max(at::Tensor&) override {}
  at::Tensor all_gather(const at::Tensor& tensor) override { return at::cat({tensor * 10, tensor}); }
  at::Tensor reduce_scatter(const at::Tensor& tensor) override {
    return tensor.narrow(0, tensor.size(0) / 2, tensor.size(0) / 2) * (1 + 3);
  }
  void broadcast(at::Tensor&, int64_t) override {}
  void barrier() override {}
};

TEST_CASE("gather_rows: rows come rank by rank, and a row's gradient is the sum of every rank's") {
  TwoRanks ranks;
  const at::Tensor rows = torch::arange(6, at::kFloat).view({3, 2}).requires_grad_(true);
  const at::Tensor all = lafs::nn::gather_rows(rows, ranks);
  CHECK(at::equal(all.detach(), at::cat({rows.detach() * 10, rows.detach()})));
  const at::Tensor weights = torch::arange(12, at::kFloat).view({6, 2});
  (all * weights).sum().backward();
  CHECK(at::equal(rows.grad(), weights.narrow(0, 3, 3) * 4));
}

}  // namespace
