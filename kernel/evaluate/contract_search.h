#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lafs/input.h"
#include "metrics/separation.h"

namespace lafs {

/// Scores of the same pairs in the same order under any input contract; larger means more alike. Throws what embedding throws.
using ContractScorer = std::function<std::vector<double>(const InputContract&)>;

/// One contract that was tried.
struct ContractTrial {
  std::string what;  ///< "colour bgr, values [-1, 1]"
  InputContract input;
  std::vector<double> scores;
  std::string fault;             ///< why there are no scores; else empty
  metrics::SeparationGain gain;  ///< over the contract as given, or the first that gave scores
};

/// A part of the contract that pairs prefer to be another.
struct ContractFinding {
  std::string part;                  ///< "colour", "value range", "shift"
  std::string given, fits;           ///< "rgb", "bgr"
  std::string setting;               ///< what to write: `colour = "bgr"`
  std::vector<std::string> as_well;  ///< values that these pairs cannot tell from `fits`
  metrics::SeparationGain gain;      ///< with the other parts as they fit best
  bool sure = false;                 ///< beyond chance; else it may be chance, and more pairs would tell
};

struct ContractSearch {
  std::vector<ContractTrial> trials;  ///< the contract as given first
  InputContract best;                 ///< the given one with the findings that are sure
  std::vector<ContractFinding> findings;
};

struct ContractSearchOptions {
  double sure = 5;        ///< standard errors from which a gain is not chance: of some thirty trials the largest is looked at
  double doubtful = 3;    ///< below, a gain is not worth a word
  double least = 0.02;    ///< gains smaller than this share of d' change no decision
  int64_t samples = 300;  ///< of the bootstrap
  std::function<void(const std::string& what)> trying = [](const std::string&) {};  ///< before each trial
};

/// Looks for the contract under which genuine and impostor pairs lie furthest apart: orders of the channels with ranges of values together,
/// then shifts under the best of these, in steps down to one pixel. Judged by d', paired over the pairs. A part is reported only if going
/// back to the given value loses significantly; where several values are alike within noise, all are named. [main thread]
ContractSearch search_contract(const InputContract& given, std::span<const uint8_t> same, const ContractScorer& scorer,
                               const ContractSearchOptions& options = {});

/// "[-1, 1]", "[0, 255]", or "mean ..., std ...".
std::string value_range(const InputContract& input);

}  // namespace lafs
