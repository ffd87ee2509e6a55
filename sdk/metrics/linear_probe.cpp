#include "metrics/linear_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "lafs/error.h"
#include "lafs/parallel.h"
#include "lafs/rng.h"
#include "metrics/products_simd.h"

namespace lafs::metrics {
namespace {

std::vector<double> first_weights(int64_t count, uint64_t seed) {
  Rng rng(fold(key_of("linear probe weights"), seed));
  std::vector<double> weights(static_cast<size_t>(count));
  for (double& weight : weights) weight = rng.normal(0, 0.01);
  return weights;
}

/// Scores to softmax minus truth, in place; returns the cross-entropy.
double to_slopes(std::span<double> scores, size_t truth) {
  const double highest = *std::max_element(scores.begin(), scores.end()), of_truth = scores[truth];
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - highest);
  for (double& score : scores) score /= sum;
  scores[truth] -= 1;
  return std::log(sum) + highest - of_truth;
}

}  // namespace

LinearProbe::LinearProbe(int64_t classes, int64_t width, uint64_t seed)
    : LinearProbe(classes, width, first_weights(classes * width, seed)) {}

LinearProbe::LinearProbe(int64_t classes, int64_t width, std::vector<double> weights)
    : classes_(classes),
      width_(width),
      weights_(std::move(weights)),
      bias_(static_cast<size_t>(classes)),
      weight_speed_(weights_.size()),
      bias_speed_(static_cast<size_t>(classes)) {
  if (static_cast<int64_t>(weights_.size()) != classes * width)
    throw Error(fmt::format("{} weights were given for {} classes of {} numbers", weights_.size(), classes, width));
}

void LinearProbe::check(const Rows& rows, std::span<const int64_t> labels) const {
  if (rows.width != width_) throw Error(fmt::format("the linear layer takes {} numbers, and the features have {}", width_, rows.width));
  if (static_cast<int64_t>(labels.size()) != rows.rows)
    throw Error(fmt::format("there are {} labels for {} rows", labels.size(), rows.rows));
  for (size_t r = 0; r < labels.size(); ++r)
    if (labels[r] < 0 || labels[r] >= classes_)
      throw Error(fmt::format("row {} has the class {}, outside [0, {})", r, labels[r], classes_));
}

double LinearProbe::train(const Rows& rows, std::span<const int64_t> labels, std::span<const int64_t> order, int64_t batch, double rate,
                          double momentum, int64_t threads) {
  check(rows, labels);
  double loss = 0;
  for (size_t at = 0; at < order.size(); at += static_cast<size_t>(batch))
    loss += step(rows, labels, order.subspan(at, std::min(static_cast<size_t>(batch), order.size() - at)), rate, momentum, threads);
  loss /= static_cast<double>(order.size());
  if (!std::isfinite(loss)) throw Error(fmt::format("the loss of the linear layer is not finite at the rate {}: give a lower one", rate));
  return loss;
}

double LinearProbe::step(const Rows& rows, std::span<const int64_t> labels, std::span<const int64_t> batch, double rate, double momentum,
                         int64_t threads) {
  const auto classes = static_cast<size_t>(classes_);
  std::vector<double> slopes(batch.size() * classes), losses(batch.size());
  for_blocks(0, static_cast<int64_t>(batch.size()), 16, threads, [&](int64_t first, int64_t past) {
    for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(past); ++i) {
      const std::vector<double> own = scores(rows.row(batch[i]));
      const std::span<double> to = std::span(slopes).subspan(i * classes, classes);
      std::copy(own.begin(), own.end(), to.begin());
      losses[i] = to_slopes(to, static_cast<size_t>(labels[static_cast<size_t>(batch[i])]));
    }
  });
  for_blocks(0, classes_, 8, threads, [&](int64_t first, int64_t past) {
    for (int64_t c = first; c < past; ++c) update_class(c, rows, batch, slopes, rate, momentum);
  });
  double loss = 0;
  for (const double one : losses) loss += one;
  return loss;
}

void LinearProbe::update_class(int64_t c, const Rows& rows, std::span<const int64_t> batch, std::span<const double> slopes, double rate,
                               double momentum) {
  const auto at = static_cast<size_t>(c);
  double* speed = weight_speed_.data() + c * width_;
  double& bias_speed = bias_speed_[at];
  for (int64_t k = 0; k < width_; ++k) speed[k] *= momentum;
  bias_speed *= momentum;
  for (size_t i = 0; i < batch.size(); ++i) {
    const double slope = slopes[i * static_cast<size_t>(classes_) + at] / static_cast<double>(batch.size());
    add_scaled(rows.row(batch[i]).data(), slope, width_, speed);
    bias_speed += slope;
  }
  add_scaled(speed, -rate, width_, weights_.data() + c * width_);
  bias_[at] -= rate * bias_speed;
}

std::vector<double> LinearProbe::scores(std::span<const double> row) const {
  std::vector<double> out(bias_);
  for (int64_t c = 0; c < classes_; ++c) out[static_cast<size_t>(c)] += exact_product(weights_.data() + c * width_, row.data(), width_);
  return out;
}

std::vector<int64_t> LinearProbe::places_of_truth(const Rows& rows, std::span<const int64_t> labels, int64_t threads) const {
  check(rows, labels);
  std::vector<int64_t> places(labels.size());
  for_blocks(0, rows.rows, 16, threads, [&](int64_t first, int64_t past) {
    for (int64_t r = first; r < past; ++r) {
      const std::vector<double> own = scores(rows.row(r));
      const auto truth = static_cast<size_t>(labels[static_cast<size_t>(r)]);
      int64_t& place = places[static_cast<size_t>(r)];
      for (size_t c = 0; c < own.size(); ++c) place += own[c] > own[truth] || (own[c] == own[truth] && c < truth);
    }
  });
  return places;
}

std::vector<int64_t> epoch_order(int64_t rows, uint64_t seed, int64_t epoch) {
  const Permutation permutation(rows, fold(fold(key_of("linear probe order"), seed), static_cast<uint64_t>(epoch)));
  std::vector<int64_t> order;
  for (int64_t i = 0; i < rows; ++i) order.push_back(permutation(i));
  return order;
}

double cosine_rate(double base, int64_t epoch, int64_t epochs) {
  return base * (1 + std::cos(std::numbers::pi * static_cast<double>(epoch) / static_cast<double>(epochs))) / 2;
}

}  // namespace lafs::metrics
