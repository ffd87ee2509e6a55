#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kernel/recipe/row.h"

namespace lafs {

struct FindLr {
  int64_t steps = 100;            ///< optimizer steps, > 1
  double from = 1e-7, to = 1;     ///< rates of the first and the last, each multiplied by the same factor as the one before
  std::filesystem::path picture;  ///< PNG to write; empty: none
  bool force = false;             ///< overwrite it
  std::function<void(int64_t done)> progress = [](int64_t) {};
};

/// One step: the rate it was done with, and the loss before it.
struct LrPoint {
  double lr = 0, loss = 0;
  double smoothed = 0;  ///< exponential mean of the losses with decay 0.9, without the bias of its start
};

/// What a range test (Smith 2017, "Cyclical learning rates for training neural networks", section 3.3) found.
struct FoundLr {
  std::vector<LrPoint> points;  ///< up to the step after which it was stopped
  double steepest = 0;          ///< rate at which the smoothed loss falls fastest over the logarithm of the rate; 0: it never falls
  double lowest = 0;            ///< rate of its lowest value
  double diverged = 0;          ///< rate at which it was stopped: the loss was not finite, or four times its lowest; 0: it went to the end
  double scale = 1;             ///< of `[optimizer] scale_rule`: the rates here are the recipe's lr times this
};

/// A curve of losses, and the rates it speaks for, point by point. [one thread at a time]
class LrCurve {
 public:
  /// False where the loss is not finite or grew out of bounds: the curve ends there.
  bool add(double lr, double loss);
  const FoundLr& found() const { return found_; }

 private:
  FoundLr found_;
  double mean_ = 0, weight_ = 0;  ///< of the smoothed loss
  double lowest_ = std::numeric_limits<double>::infinity(), steepest_ = 0;
};

/// The same of a whole curve; `points` has lr and loss, the rest is not looked at. [any thread]
FoundLr read_lr_curve(const std::vector<LrPoint>& points);

/// Trains the stage from its start with rising rates, on its data, and writes nothing but the picture. Throws Error for a row of which
/// `stage` names no single one, and for a stage without data. [main thread]
FoundLr find_lr(const Row& row, const std::string& stage, const FindLr& how);

std::string found_lr_text(const FoundLr& found);
nlohmann::json found_lr_json(const FoundLr& found);

}  // namespace lafs
