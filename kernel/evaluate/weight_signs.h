#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace torch::nn {
class Module;
}

namespace lafs {

/// What the weights of a network say about whether it was trained, without any picture.
///
/// Independent random numbers, as every usual initialisation draws them, have a largest singular value near the edge of the
/// Marchenko-Pastur law, std * (sqrt(rows) + sqrt(columns)); training leaves directions far beyond it. Scales and biases of normalisations
/// start as exactly 1 and 0, and a training moves them.
struct WeightSigns {
  int64_t matrices = 0;                  ///< weights of at least 16 rows and columns
  std::vector<std::string> random_like;  ///< of these, the ones whose spectrum is that of independent numbers
  int64_t vectors = 0;                   ///< scales and biases
  int64_t scales = 0;                    ///< of these, the ones around 1
  std::vector<std::string> initial;      ///< of these, the ones that are all 1 or all 0
  std::vector<std::string> constant;     ///< matrices of one value only

  /// Nearly every matrix looks drawn, and where there are scales, a quarter of the scales and biases or more are at their first value: a
  /// short training moves all of these before it shows in a spectrum. Biases alone cannot tell, since some networks draw them.
  bool untrained() const;
  /// Child modules ("blocks.3") of which every matrix looks drawn and every vector is at its first value, in a network that is otherwise
  /// trained: they were not loaded.
  std::vector<std::string> untrained_parts() const;

  std::vector<std::string> names_of_matrices, names_of_vectors;
};

/// Looks at the parameters of the module. Deterministic. [main thread]
WeightSigns weight_signs(const torch::nn::Module& network);

}  // namespace lafs
