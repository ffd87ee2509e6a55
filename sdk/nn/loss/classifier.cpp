#include "nn/loss/classifier.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/autocast_mode.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/collective.h"
#include "lafs/error.h"
#include "lafs/memory.h"
#include "nn/layers/function.h"
#include "nn/layers/gather.h"

namespace lafs::nn {

namespace {

/// The type that autocast gives to a product; fp32 or fp64 without it.
at::ScalarType product_type(const at::Tensor& weight) {
  const auto device = weight.device().type();
  return at::autocast::is_autocast_enabled(device) ? at::autocast::get_autocast_dtype(device) : weight.scalar_type();
}

/// The labels that are this rank's, sorted, each once.
std::vector<int64_t> positives_of(const at::Tensor& places) {
  std::vector<int64_t> all(places.const_data_ptr<int64_t>(), places.const_data_ptr<int64_t>() + places.numel());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  if (!all.empty() && all.front() < 0) all.erase(all.begin());
  return all;
}

}  // namespace

Classifier::Classifier(const Options& options) : options_(options), shard_(options.classes, options.rank, options.world) {
  check_sampling(options.sampling, options.classes, options.world);
  if (options.sampling.on() && options.sub_centers > 1) throw Error("a head with sub-centres does not go with a sampling of classes");
  const double rows = static_cast<double>(shard_.count) * static_cast<double>(options.sub_centers);
  try {
    check_memory(rows * static_cast<double>(options.width) * sizeof(float),
                 fmt::format("the class matrix of {} identities, {} rows of {} numbers,", options.classes, rows, options.width));
  } catch (const Error& error) {
    throw Error(
        fmt::format("{}; if the labels of the training data have gaps, number them without: renumber = true of record_set", error.what()));
  }
  weight = register_parameter("weight", torch::empty({shard_.count * options.sub_centers, options.width}));
  if (options.bias) bias = register_parameter("bias", torch::empty({weight.size(0)}));
}

std::vector<InitRule> Classifier::init_rules() const {
  const double bound = std::sqrt(6 / static_cast<double>(options_.classes * options_.sub_centers + weight.size(1)));
  std::vector<InitRule> rules{{"weight", InitRule::Shape::uniform, -bound, bound}};
  if (options_.init == "normal_0.01") rules[0] = {"weight", InitRule::Shape::normal, 0, 0.01};
  if (options_.init == "unit_rows") rules[0] = {"weight", InitRule::Shape::unit_rows};
  if (options_.bias) rules.push_back({"bias", InitRule::Shape::constant, 0});
  return rules;
}

std::vector<Shard> Classifier::shards() const {
  return {{"weight", 0, shard_.first * options_.sub_centers, options_.classes * options_.sub_centers}};
}

std::vector<RowSparseParameter> Classifier::row_sparse() const {
  if (options_.rows == RowUpdates::none) return {};
  return {{"weight", options_.rows}};
}

Classifier::Batch Classifier::gathered(const at::Tensor& embedding, const Targets& targets, const Pass& pass) const {
  if (options_.world == 1) return {unit_rows(embedding), targets};
  if (!pass.collective || pass.collective->world() != options_.world) {
    throw Error(fmt::format("a class matrix on {} ranks needs their collective", options_.world));
  }
  Targets all = targets;
  all.label_a = pass.collective->all_gather(targets.label_a.contiguous());
  if (targets.label_b.defined()) {
    all.label_b = pass.collective->all_gather(targets.label_b.contiguous());
    all.lambda = pass.collective->all_gather(targets.lambda.contiguous());
  }
  // The loss is the mean over all ranks' rows and the same on each; averaging gradients over ranks divides by their number (heads.md 5.4).
  return {unit_rows(gather_rows(embedding, *pass.collective, static_cast<double>(options_.world))), all};
}

void Classifier::place(ClassColumns& columns, const at::Tensor& sample) const {
  const at::Tensor local = columns.identities - shard_.first;
  const at::Tensor here = (columns.identities >= 0).logical_and(local >= 0).logical_and(local < shard_.count);
  columns.places = local.masked_fill(here.logical_not(), -1);
  if (!sample.defined()) return;
  // Every label that is here is in the sample.
  columns.places = at::searchsorted(sample, local.clamp(0, shard_.count - 1)).masked_fill(here.logical_not(), -1);
}

ClassMatrix Classifier::matrix_for(const ClassColumns& columns, const Pass& pass) {
  const std::shared_ptr<const Draws>& draws = draws_ ? draws_ : pass.draws;
  ClassMatrix matrix = all_classes();
  sampled_ = at::Tensor();
  if (!options_.sampling.on() || !draws) return matrix;
  const std::vector<int64_t> sample = sample_classes(positives_of(columns.places.cpu().contiguous()), shard_.count,
                                                     options_.sampling.of(shard_.count), class_uniforms(*draws, shard_, options_.sampling));
  sampled_ = torch::tensor(sample, at::kLong).to(weight.device());
  matrix.weight = options_.rows == RowUpdates::none ? weight.index_select(0, sampled_) : at::embedding(weight, sampled_, -1, false, true);
  if (bias.defined()) matrix.bias = bias.index_select(0, sampled_);
  matrix.classes = sampled_ + shard_.first;
  return matrix;
}

at::Tensor Classifier::whole_loss(const at::Tensor& losses, const at::Tensor& lengths, const HeadAbilities& head, const Pass& pass) const {
  const at::Tensor loss = losses.mean();
  return head.extra_loss ? loss + head.extra_loss->extra_loss(head.visible(lengths), pass) : loss;
}

namespace {

/// Running statistics see the label of larger weight.
void observe(const PlainScores& scores, const Targets& targets, const ClassMatrix& matrix, const HeadAbilities& head, const Pass& pass) {
  const at::Tensor one = at::ones_like(scores.norms);
  TargetColumn dominant = target_column(scores.cosines.detach(), targets.dominant(), one, targets.complete);
  if (matrix.classes.defined()) dominant.label = matrix.classes.index_select(0, dominant.label);
  head.observe(dominant, scores.norms, pass);
}

}  // namespace

at::Tensor Classifier::by_plain_operations(const at::Tensor& embedding, const Targets& targets, const ClassMatrix& matrix,
                                           const HeadAbilities& head, const Pass& pass, at::Tensor* accuracy) const {
  const PlainScores scores = plain_scores(embedding, matrix, head.head);
  const AutocastOff off;
  if (accuracy) *accuracy = scores.cosines.detach().argmax(1).eq(targets.dominant()).to(at::kFloat).mean();
  if (WholeLoss* whole = head.as_whole_loss(targets)) return whole->losses(scores.cosines, targets.label_a, pass).mean();
  observe(scores, targets, matrix, head, pass);
  return whole_loss(plain_losses(scores, matrix, targets, head, pass), scores.norms, head, pass);
}

at::Tensor Classifier::logits(const at::Tensor& embedding, const Targets& targets, const HeadAbilities& head, const Pass& pass) {
  check_targets(embedding, targets, options_.width, options_.classes);
  const PlainScores scores = plain_scores(embedding, all_classes(), head.head);
  const AutocastOff off;
  observe(scores, targets, all_classes(), head, pass.scope("head"));
  return plain_logits(scores, all_classes(), targets, head, pass.scope("head"));
}

at::Tensor Classifier::loss_plain(const at::Tensor& embedding, const Targets& targets, const HeadAbilities& head, const Pass& pass,
                                  at::Tensor* accuracy) {
  check_targets(embedding, targets, options_.width, options_.classes);
  return by_plain_operations(embedding, targets, all_classes(), head, pass.scope("head"), accuracy);
}

at::Tensor Classifier::loss(const at::Tensor& embedding, const Targets& targets, const HeadAbilities& head, const Pass& pass,
                            at::Tensor* accuracy) {
  check_targets(embedding, targets, options_.width, options_.classes);
  if (options_.sampling.on() && targets.smoothing > 0)
    throw Error("label smoothing spreads over all identities: it does not go with a sampling of classes");
  const at::ScalarType product = product_type(weight);
  const bool few = options_.world == 1 && embedding.size(0) * options_.classes < options_.fuse_from;
  const bool fused = !few && fused_losses_take(embedding, all_classes(), targets, head);
  if (options_.world > 1 && (!fused || targets.smoothing > 0)) throw Error("this head or smoothing works on one process only");
  Batch batch;
  {
    const AutocastOff off;
    batch = fused ? gathered(embedding, targets, pass) : Batch{{}, targets};
  }
  ClassColumns columns(batch.targets);
  place(columns, {});
  const ClassMatrix matrix = matrix_for(columns, pass);
  if (sampled_.defined()) place(columns, sampled_);
  const Pass inner = pass.scope("head");
  if (!fused) {
    if (sampled_.defined()) {
      const at::Tensor first = columns.places.select(1, 0), last = columns.places.select(1, -1);
      batch.targets.label_a = at::where(first >= 0, first, last);  // a label without weight has no place
      if (targets.label_b.defined()) batch.targets.label_b = at::where(last >= 0, last, first);
    }
    return by_plain_operations(embedding, batch.targets, matrix, head, inner, accuracy);
  }
  const AutocastOff off;
  at::Tensor correct;
  const at::Tensor losses = fused_losses(batch.embedding, matrix, columns, batch.targets, head, inner, product,
                                         options_.world > 1 ? pass.collective : nullptr, accuracy ? &correct : nullptr);
  if (accuracy) *accuracy = correct.mean();
  return whole_loss(losses, batch.embedding.lengths, head, inner);
}

}  // namespace lafs::nn
