#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "lafs/data_source.h"
#include "lafs/evaluator.h"

namespace lafs {

/// A picture whose embedding is nearer to another identity than to its own.
struct MislabelledPicture {
  int64_t index = 0, other = 0;             ///< of the picture; identity that it is nearest to
  double own_cosine = 0, other_cosine = 0;  ///< to the centre of the other pictures of its identity, and to that identity's
};

struct MislabelledFindings {
  std::vector<MislabelledPicture> pictures;  ///< the largest difference first
  int64_t judged = 0, alone = 0;             ///< pictures that could be judged, and those whose identity has no other picture
};

/// Pictures whose cosine to the centre of their own identity, themselves left out, is at least `margin` lower than that to the nearest
/// other centre. A centre is the sum of the embeddings, each brought to length 1. rows: [N,D], of every picture of the source in order.
/// Takes N x identities x D products, and memory for the centres. `go_on` is told how many were judged; after a no what was found until
/// then is returned. [main thread]
MislabelledFindings find_mislabelled(const FeatureMatrix& rows, const DataSource& source, double margin,
                                     const std::function<bool(int64_t done)>& go_on);

/// The cosine of two rows. [any thread]
double cosine_of_rows(const FeatureMatrix& rows, int64_t a, int64_t b);

}  // namespace lafs
