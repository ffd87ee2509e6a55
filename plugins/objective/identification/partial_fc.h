#pragma once
#include <string>

#include "lafs/params.h"
#include "nn/loss/classifier.h"

namespace lafs::identification {

/// Partial FC: a step looks at some classes only (heads.md 5).
struct PartialFcOptions {
  double rate = 1;
  std::string update = "sparse";
  bool same_draws = false, late_write = false;

  void declare(Params& p);
  bool on() const { return rate < 1; }
  /// Of the gradient of the class matrix.
  RowUpdates rows() const;
  /// Whether the rows of a step are written back at the next one (quirk HD-14).
  bool writes_late() const { return on() && update == "temporary" && late_write; }
};

/// Partial FC's first version held the classes of a step in a parameter of their own and wrote them back at the next step: what was saved
/// in between lacked their last update (quirk HD-14). This takes the update out of the matrix again, until the next step begins.
class LateRows {
 public:
  /// With the rows that the step is about to change; without autograd, as below.
  void before_update(const at::Tensor& weight);
  void after_update(at::Tensor& weight);
  void write(at::Tensor& weight);  ///< the update, where one is held back

 private:
  at::Tensor rows_, before_, after_;
};

}  // namespace lafs::identification
