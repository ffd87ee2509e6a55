#pragma once
#include <memory>
#include <optional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lafs/assembly.h"
#include "lafs/backbone.h"
#include "lafs/params.h"
#include "lafs/step.h"

namespace lafs::identification {

/// Options of the landmark consistency loss (finetuning.md 13): off unless there is a source.
struct ConsistencyOptions {
  Use<Backbone> source;
  std::vector<double> weights{1000, 100, 1, 0.11, 0};
  std::vector<int64_t> until{8, 14, 21, 28};  ///< epochs, counted from 0, at which the next weight takes over

  void declare(Params& p);
};

/// Holds the landmarks of a network that trains near those of a frozen one, an earlier state of it: k(epoch) times the mean square of their
/// distance, in units of the picture's last column and row. The frozen network sees the same pictures, in evaluation mode and fp32.
class LandmarkConsistency {
 public:
  /// Throws Error for a backbone that does not give its landmarks or does not train them, for a source without landmarks or with another
  /// number, and for epochs that do not rise or are not one fewer than the weights.
  LandmarkConsistency(const ConsistencyOptions& options, Backbone& backbone, Assembly& assembly);

  /// Of the frozen network; the objective registers it as "consistency_source".
  std::shared_ptr<torch::nn::Module> module() const { return source_->module(); }
  double weight(const Step& step) const;
  /// The embedding [B,D]; `loss` gets the weighted distance, a scalar, or nothing where the weight is 0. The distance alone is reported as
  /// "landmark_consistency".
  at::Tensor embed(const at::Tensor& images, const Step& step, const Pass& pass, at::Tensor& loss) const;

 private:
  ConsistencyOptions options_;
  LandmarkedEmbedding* embedding_;
  std::shared_ptr<Backbone> source_;
  Landmarked* landmarks_;
  double width_, height_;
};

/// Nothing where the options have no source. Throws Error where they have the rest of a table without one.
std::optional<LandmarkConsistency> landmark_consistency(const ConsistencyOptions& options, Backbone& backbone, Assembly& assembly);

}  // namespace lafs::identification
