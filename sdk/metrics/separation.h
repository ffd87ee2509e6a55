#pragma once
#include <cstdint>
#include <span>

namespace lafs::metrics {

/// How far the scores of genuine pairs lie above those of impostor pairs, in deviations: the sensitivity index
///     d' = (mean of genuine - mean of impostors) / sqrt((variance of genuine + variance of impostors) / 2)
/// It uses every score, where an accuracy near 100 % is decided by a few. `same` is 1 for a genuine pair, else 0. 0 when all scores are
/// equal, and where neither kind has a spread, however far apart they lie. Throws Error for unequal lengths, or fewer than two pairs of
/// either kind.
double separation(std::span<const double> scores, std::span<const uint8_t> same);

/// What one way of scoring gains over another on the same pairs.
struct SeparationGain {
  double before = 0, after = 0;  ///< d' of each
  double standard_error = 0;     ///< of after - before
  double gain() const { return after - before; }
  /// The gain in standard errors; 0 where it has none.
  double significance() const { return standard_error > 0 ? gain() / standard_error : 0; }
};

/// Bootstrap over pairs, both kinds apart, with the same draws for both: what pairs have in common cancels.
/// A function of the arguments alone, whatever the threads. Throws Error as above.
///
///     const SeparationGain bgr = separation_gain(as_rgb, as_bgr, same, 400, 1);
///     if (bgr.significance() > 5) ...
SeparationGain separation_gain(std::span<const double> before, std::span<const double> after, std::span<const uint8_t> same,
                               int64_t samples, uint64_t seed);

}  // namespace lafs::metrics
