#pragma once
#include <cstdint>

namespace lafs::nn {

/// Sum over j of exp(scale (c_j - top)), top being the largest cosine.
struct ExpSum {
  float top;
  double sum;
};

/// Of `count` > 0 cosines, each brought into [-limit, limit] first. NaN gives NaN. The code for the best vector unit of this machine is
/// taken at run time, here and below. [any thread]
ExpSum exp_sum(const float* cosines, int64_t count, float scale, float limit);

/// out_j = factor exp(scale c_j - lse) for cosines brought into [-limit, limit]; 0 where one lies outside. [any thread]
void exp_slopes(const float* cosines, int64_t count, float scale, float limit, float lse, float factor, float* out);

/// x <- x y, number by number. [any thread]
void multiply(float* x, const float* y, int64_t count);

/// sum <- sum + x y, number by number. [any thread]
void add_products(float* sum, const float* x, const float* y, int64_t count);

/// x <- x - factor y. [any thread]
void subtract(float* x, const float* y, int64_t count, float factor);

/// The sum of squares of a row: in fp32, over as many places as the vector unit has. [any thread]
float row_squares(const float* x, int64_t count);

}  // namespace lafs::nn
