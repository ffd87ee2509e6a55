#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/embeddings.h"

namespace lafs::metrics {

/// One linear layer from frozen features to classes, trained by SGD with momentum on the mean cross-entropy of a batch, as PyTorch's SGD
/// does: v <- momentum v + gradient, w <- w - rate v. All in fp64; a step depends on its arguments alone, not on the number of threads.
///
///     LinearProbe probe(classes, width, seed);
///     for (int64_t epoch = 0; epoch < epochs; ++epoch)
///       probe.train(rows, labels, epoch_order(rows.rows, seed, epoch), 256, cosine_rate(rate, epoch, epochs), 0.9, threads);
///     const std::vector<int64_t> places = probe.places_of_truth(test_rows, test_labels, threads);
class LinearProbe {
 public:
  LinearProbe(int64_t classes, int64_t width, uint64_t seed);                ///< weights normal(0, 0.01), bias 0
  LinearProbe(int64_t classes, int64_t width, std::vector<double> weights);  ///< [classes,width], bias 0

  /// Steps over all batches of an order of rows; the last may be smaller. Returns the mean loss over the rows, before their steps.
  /// Throws Error for a label outside [0, classes), rows of another width, and when the loss is not finite.
  double train(const Rows& rows, std::span<const int64_t> labels, std::span<const int64_t> order, int64_t batch, double rate,
               double momentum, int64_t threads);

  std::vector<double> scores(std::span<const double> row) const;  ///< of each class

  /// Of each row the place of its true class by score, from 0; equal scores: the lower class first. Top-n: a place below n.
  std::vector<int64_t> places_of_truth(const Rows& rows, std::span<const int64_t> labels, int64_t threads) const;

  std::span<const double> weights() const { return weights_; }
  std::span<const double> bias() const { return bias_; }

 private:
  void check(const Rows& rows, std::span<const int64_t> labels) const;
  double step(const Rows& rows, std::span<const int64_t> labels, std::span<const int64_t> batch, double rate, double momentum,
              int64_t threads);
  void update_class(int64_t c, const Rows& rows, std::span<const int64_t> batch, std::span<const double> slopes, double rate,
                    double momentum);

  int64_t classes_, width_;
  std::vector<double> weights_, bias_, weight_speed_, bias_speed_;
};

/// The rows of an epoch in an order of its own.
std::vector<int64_t> epoch_order(int64_t rows, uint64_t seed, int64_t epoch);

/// The learning rate of an epoch, falling by a cosine: base (1 + cos(pi epoch / epochs)) / 2.
double cosine_rate(double base, int64_t epoch, int64_t epochs);

}  // namespace lafs::metrics
