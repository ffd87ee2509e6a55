#pragma once
#include <string>

#include <ATen/core/Tensor.h>

#include "lafs/params.h"

namespace lafs::nn {

/// cos(theta + margin) of cosines [M], as c cos(margin) - sin(theta) sin(margin); the margin is one number, or [M]. The slope of
/// sin(theta) = sqrt(1 - c^2) is infinite at cosines of -1 and 1: `safe` keeps 1 - c^2 at or above 1e-7, so it stays finite.
at::Tensor added_angle(const at::Tensor& cosines, double margin, bool safe);
at::Tensor added_angle(const at::Tensor& cosines, const at::Tensor& margin, bool safe);

/// cos(theta + margin) where theta is at most pi - margin, and c - margin sin(margin) beyond, so that the value never rises with theta.
at::Tensor continued_angle(const at::Tensor& cosines, double margin, bool safe);
at::Tensor continued_angle(const at::Tensor& cosines, const at::Tensor& margin, bool safe);

/// cos(theta + margin) of positive cosines; others are left alone.
at::Tensor eased_angle(const at::Tensor& cosines, double margin, bool safe);
at::Tensor eased_angle(const at::Tensor& cosines, const at::Tensor& margin, bool safe);

/// (-1)^k cos(times theta) - 2k with k = floor(times theta / pi), which falls all the way to theta = pi. The slope is exact and finite: for
/// a whole `times` by a polynomial of the cosine, else at angles kept a little from the ends.
at::Tensor multiplied_angle(const at::Tensor& cosines, double times);

/// cos(theta + margin) forward, the identity backward (quirk HD-03).
at::Tensor straight_through_angle(const at::Tensor& cosines, double margin);

/// The angular margin of ArcFace in the three formulations of heads.md 3.1, with the options of the heads that are made of it.
struct ArcMargin {
  double margin = 0.5, scale = 64;
  std::string formulation = "straight_through";
  bool safe = true, easy_margin = false;
  double eps = 1e-4;

  void declare(Params& p);
  at::Tensor target(const at::Tensor& cosines) const;  ///< phi [M] of target cosines [M]
};

}  // namespace lafs::nn
