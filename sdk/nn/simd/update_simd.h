#pragma once
#include <cstdint>

namespace lafs::nn {

/// The sum of squares of `count` numbers: added up in fp32 over at most 1,024, in fp64 over these sums. The code for the best vector unit
/// of this machine is taken at run time, here and below. [any thread]
double square_sum(const float* x, int64_t count);

/// x <- factor x. [any thread]
void scale(float* x, int64_t count, float factor);

/// average <- kept average + taken value. [any thread]
void average_in(float* average, const float* value, int64_t count, float kept, float taken);

/// The numbers of a step of AdamW that all elements share.
struct AdamWFactors {
  float beta2 = 0;               ///< decay of the second moment
  float taken1 = 1, taken2 = 1;  ///< 1 - beta of each, rounded once
  float kept = 1;                ///< 1 - lr wd, of the parameter
  float rate = 0;                ///< lr / (1 - beta1^t)
  float root = 1;                ///< sqrt(1 - beta2^t), under the second moment's root
  float eps = 0;
};

/// p <- kept p - rate m / (sqrt(v) / root + eps), with the moments m and v moved towards g and g^2 before (pretraining.md 7.1).
/// [any thread]
void adamw_update(float* p, const float* g, float* m, float* v, int64_t count, const AdamWFactors& factors);

/// The numbers of a step of gradient descent with momentum.
struct MomentumFactors {
  float decay = 0, momentum = 0;
  float taken = 1;     ///< share of the gradient that enters the momentum
  float rate = 0;      ///< lr
  bool ahead = false;  ///< Nesterov
};

/// g <- g + decay p; m <- momentum m + taken g; p <- p - rate d, where d is m, or g + momentum m looking ahead, or g without momentum (m
/// null). The gradient is not written. [any thread]
void momentum_update(float* p, const float* g, float* m, int64_t count, const MomentumFactors& factors);

}  // namespace lafs::nn
