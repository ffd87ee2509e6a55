#include "nn/loss/negative_logits.h"

#include <limits>
#include <vector>

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

namespace lafs::nn {

namespace {

constexpr double no_logit = -std::numeric_limits<double>::infinity();

/// Blocks of equal size that are treated together: their cosines are [blocks*B, n], contiguous.
struct Stretch {
  int64_t first_block, blocks, size;

  at::Tensor of(const ClassBlocks& all, const at::Tensor& cosines) const {
    const int64_t begin = all.rows * all.first(first_block);
    return cosines.narrow(0, begin, blocks * all.rows * size).view({blocks * all.rows, size});
  }
};

std::vector<Stretch> stretches_of(const ClassBlocks& blocks) {
  constexpr int64_t numbers = 1 << 18;
  const int64_t together = std::max<int64_t>(1, numbers / (blocks.rows * blocks.size)), whole = blocks.classes / blocks.size;
  std::vector<Stretch> stretches;
  for (int64_t b = 0; b < whole; b += together) stretches.push_back({b, std::min(together, whole - b), blocks.size});
  if (whole < blocks.count()) stretches.push_back({whole, 1, blocks.classes_in(whole)});
  return stretches;
}

/// Places of the targets among the numbers of a stretch.
at::Tensor places_in(const ClassBlocks& blocks, const ClassTargets& targets, const Stretch& stretch) {
  std::vector<int64_t> places;
  for (int64_t b = 0; b < stretch.blocks; ++b) {
    const auto [begin, end] = targets.in(stretch.first_block + b);
    for (auto one = begin; one != end; ++one) places.push_back((b * blocks.rows + one->row) * stretch.size + one->place);
  }
  return torch::tensor(places, at::kLong);
}

at::Tensor logits_of(const NegativeTask& task, const Stretch& stretch, const at::Tensor& cosines, const at::Tensor& targets) {
  const at::Tensor c = task.clamp ? cosines.clamp(-1, 1) : cosines, t = task.clamp ? targets.clamp(-1, 1) : targets;
  return task.rule.logits(c, t, task.blocks.first(stretch.first_block));
}

}  // namespace

void fill_negatives(const NegativeTask& task, at::Tensor lse, at::Tensor sum) {
  std::vector<at::Tensor> parts;
  for (const Stretch& stretch : stretches_of(task.blocks)) {
    const at::Tensor places = places_in(task.blocks, task.targets, stretch);
    at::Tensor z = logits_of(task, stretch, stretch.of(task.blocks, task.cosines), task.row_targets.repeat({stretch.blocks}));
    if (z.is_alias_of(task.cosines)) z = z.clone();  // a rule that changes nothing
    if (sum.defined()) {
      z.view(-1).index_fill_(0, places, 0);
      sum.add_(z.view({stretch.blocks, task.blocks.rows, -1}).sum(at::IntArrayRef{0, 2}));
    }
    z.view(-1).index_fill_(0, places, no_logit);
    parts.push_back(at::logsumexp(z, {1}).view({stretch.blocks, task.blocks.rows}));
  }
  lse.copy_(at::logsumexp(at::cat(parts), {0}));
}

NegativeSlopes negative_slopes(const NegativeTask& task, const at::Tensor& lse, const at::Tensor& lse_gradient,
                               const at::Tensor& sum_gradient) {
  const at::Tensor base = at::where(lse.isinf(), at::zeros_like(lse), lse);
  NegativeSlopes slopes{at::empty_like(task.cosines), at::zeros_like(lse)};
  for (const Stretch& stretch : stretches_of(task.blocks)) {
    const auto each = [&](const at::Tensor& rows) { return rows.repeat({stretch.blocks}).unsqueeze(1); };
    const at::Tensor c = stretch.of(task.blocks, task.cosines).detach().requires_grad_(true);
    const at::Tensor t = task.row_targets.repeat({stretch.blocks}).requires_grad_(true);
    at::Tensor z;
    {
      const at::AutoGradMode recorded(true);
      z = logits_of(task, stretch, c, t);
    }
    at::Tensor here = stretch.of(task.blocks, slopes.cosines);
    if (!z.requires_grad()) {
      here.zero_();
      continue;
    }
    at::Tensor slope = (z.detach() - each(base)).exp_().mul_(each(lse_gradient));
    if (sum_gradient.defined()) slope.add_(each(sum_gradient));
    slope.view(-1).index_fill_(0, places_in(task.blocks, task.targets, stretch), 0);
    const auto found = torch::autograd::grad({z}, {c, t}, {slope}, false, false, true);
    if (found[0].defined()) {
      here.copy_(found[0]);
    } else {
      here.zero_();
    }
    if (found[1].defined()) slopes.row_targets.add_(found[1].view({stretch.blocks, task.blocks.rows}).sum(0));
  }
  return slopes;
}

}  // namespace lafs::nn
