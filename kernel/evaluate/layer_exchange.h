#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "metrics/separation.h"

namespace torch::nn {
class Module;
}

namespace lafs {

/// Two layers whose weights have each other's place.
struct LayerExchange {
  std::string first, second;     ///< "blocks.1.mlp.fc1"
  metrics::SeparationGain gain;  ///< by giving each its own
};

struct ExchangeSearch {
  std::optional<LayerExchange> found;
  std::optional<LayerExchange> doubtful;  ///< the largest gain that may be chance, where none was found
  int64_t tried = 0, candidates = 0;      ///< pairs of layers; fewer are tried when time is up
};

/// Pairs of layers whose tensors have the same names and shapes: whole numbered children first ("blocks.0" and "blocks.2"), then single
/// layers, nearest neighbours first.
std::vector<std::pair<std::string, std::string>> exchangeable_layers(torch::nn::Module& network);

/// Gives each of two such layers the weights of the other.
void exchange_layers(torch::nn::Module& network, const std::string& first, const std::string& second);

struct ExchangeOptions {
  double sure = 5;        ///< standard errors of the gain
  double doubtful = 3;    ///< below, a gain is not worth a word
  double least = 0.1;     ///< gains smaller than this share of d' are not looked at
  double seconds = 60;    ///< no new pair is tried after so many
  int64_t samples = 300;  ///< of the bootstrap
};

/// Exchanges the weights of one pair of layers after the other and scores the same pairs of pictures each time: weights that a conversion
/// put into the wrong layer of equal shape load without an error and only cost accuracy. The network is as before when this returns.
/// [main thread]
ExchangeSearch search_exchanges(torch::nn::Module& network, std::span<const uint8_t> same,
                                const std::function<std::vector<double>()>& scorer, const ExchangeOptions& options = {});

}  // namespace lafs
