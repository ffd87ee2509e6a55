#include "kernel/evaluate/contract_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lafs/error.h"

namespace lafs {

namespace {

struct ValueRange {
  const char* name;
  const char* setting;
  std::array<double, 3> mean, std;
};

constexpr double level = 1.0 / 255;
const ValueRange ranges[] = {
    {"[-1, 1]", "preset = \"lafs\"", {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}},
    {"[-0.5, 0.5]", "preset = \"published_eval\"", {0.5, 0.5, 0.5}, {1, 1, 1}},
    {"[0, 1]", "preset = \"custom\", mean = [0, 0, 0], std = [1, 1, 1]", {0, 0, 0}, {1, 1, 1}},
    {"[0, 255]",
     "preset = \"custom\", mean = [0, 0, 0], std = [0.00392156862745098, 0.00392156862745098, 0.00392156862745098]",
     {0, 0, 0},
     {level, level, level}},
    {"ImageNet's mean and deviation", "preset = \"dino_face\"", {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}},
};

bool has_range(const InputContract& input, const ValueRange& range) {
  for (size_t c = 0; c < 3; ++c) {
    if (std::abs(input.mean[c] - range.mean[c]) > 1e-9 || std::abs(input.std[c] - range.std[c]) > 1e-9) return false;
  }
  return true;
}

InputContract with_range(InputContract input, const ValueRange& range) {
  input.preset = "custom";
  input.mean = range.mean;
  input.std = range.std;
  return input;
}

InputContract with_colour(InputContract input, const std::string& colour) {
  input.colour = colour;
  return input;
}

InputContract with_shift(InputContract input, int64_t right, int64_t down) {
  input.shift = {right, down};
  return input;
}

/// The part of a contract that one finding is about.
struct Part {
  const char* name;
  std::string (*value)(const InputContract&);
  std::string (*setting)(const InputContract&);
  void (*take)(InputContract& into, const InputContract& from);
};

std::string shift_text(const InputContract& input) { return fmt::format("[{}, {}]", input.shift[0], input.shift[1]); }

std::string range_setting(const InputContract& input) {
  for (const ValueRange& range : ranges) {
    if (has_range(input, range)) return range.setting;
  }
  return fmt::format("preset = \"custom\", mean = [{}], std = [{}]", fmt::join(input.mean, ", "), fmt::join(input.std, ", "));
}

const Part colour_part{"colour", [](const InputContract& input) { return input.colour; },
                       [](const InputContract& input) { return fmt::format("colour = \"{}\"", input.colour); },
                       [](InputContract& into, const InputContract& from) { into.colour = from.colour; }};
const Part range_part{"value range", value_range, range_setting, [](InputContract& into, const InputContract& from) {
                        into.preset = from.preset;
                        into.mean = from.mean;
                        into.std = from.std;
                      }};
const Part shift_part{"shift", shift_text, [](const InputContract& input) { return "shift = " + shift_text(input); },
                      [](InputContract& into, const InputContract& from) { into.shift = from.shift; }};

class Search {
 public:
  Search(const InputContract& given, std::span<const uint8_t> same, const ContractScorer& scorer, const ContractSearchOptions& options)
      : given_(given), same_(same), scorer_(scorer), options_(options) {}

  ContractSearch run() {
    base_ = tried(given_);
    colours_and_ranges();
    if (!usable(base_)) throw Error(out_.trials.front().fault);
    shifts();
    out_.best = given_;
    for (const ContractFinding& finding : out_.findings) {
      if (finding.sure) part_of(finding).take(out_.best, out_.trials[base_].input);
    }
    return std::move(out_);
  }

 private:
  /// Number of the trial with this contract, which is made at its first use.
  size_t tried(const InputContract& input) {
    for (size_t i = 0; i < out_.trials.size(); ++i) {
      if (out_.trials[i].input.difference(input).empty()) return i;
    }
    ContractTrial trial{.what = text_of(input), .input = input, .scores = {}, .fault = "", .gain = {}};
    options_.trying(trial.what);
    try {
      trial.scores = scorer_(input);
      const auto first = std::find_if(out_.trials.begin(), out_.trials.end(), [](const auto& one) { return one.fault.empty(); });
      trial.gain = gain(first == out_.trials.end() ? trial : *first, trial);
    } catch (const Error& error) {
      trial.fault = error.what();
    }
    out_.trials.push_back(std::move(trial));
    return out_.trials.size() - 1;
  }

  std::string text_of(const InputContract& input) const {
    std::string text = fmt::format("colour {}, values {}", input.colour, value_range(input));
    if (input.shift != given_.shift) text += ", shift " + shift_text(input);
    return text;
  }

  metrics::SeparationGain gain(const ContractTrial& before, const ContractTrial& after) const {
    return metrics::separation_gain(before.scores, after.scores, same_, options_.samples, 1);
  }
  metrics::SeparationGain gain(size_t before, size_t after) const { return gain(out_.trials[before], out_.trials[after]); }
  bool usable(size_t trial) const { return out_.trials[trial].fault.empty(); }
  double distance(size_t trial) const { return usable(trial) ? out_.trials[trial].gain.after : -1e300; }

  bool material(const metrics::SeparationGain& gain) const { return gain.gain() >= options_.least * std::abs(gain.after); }
  bool sure(const metrics::SeparationGain& gain) const { return material(gain) && gain.significance() >= options_.sure; }
  bool doubtful(const metrics::SeparationGain& gain) const { return material(gain) && gain.significance() >= options_.doubtful; }

  size_t best_of(const std::vector<size_t>& trials) const {
    return *std::max_element(trials.begin(), trials.end(), [&](size_t a, size_t b) { return distance(a) < distance(b); });
  }

  /// All orders with all ranges, as one may hide the other.
  void colours_and_ranges() {
    std::vector<size_t> grid{base_};
    for (const char* colour : {"rgb", "bgr"}) {
      grid.push_back(tried(with_colour(given_, colour)));
      for (const ValueRange& range : ranges) grid.push_back(tried(with_range(with_colour(given_, colour), range)));
    }
    const size_t best = best_of(grid);
    if (best == base_ || (usable(base_) && !doubtful(gain(base_, best)))) return;
    settle(best, {&colour_part, &range_part}, grid);
  }

  /// Reports the parts in which `best` differs from what is given and must.
  void settle(size_t best, const std::vector<const Part*>& parts, const std::vector<size_t>& alternatives) {
    for (const Part* part : parts) {
      InputContract back = out_.trials[best].input;
      part->take(back, given_);
      const size_t reverted = tried(back);
      if (reverted == best) continue;
      if (usable(reverted) && !doubtful(gain(reverted, best))) {
        best = reverted;  // this part makes no difference that these pairs show
        continue;
      }
      report(*part, reverted, best, alternatives);
    }
    base_ = best;
  }

  void report(const Part& part, size_t reverted, size_t best, const std::vector<size_t>& alternatives) {
    const InputContract& input = out_.trials[best].input;
    ContractFinding finding{.part = part.name,
                            .given = part.value(given_),
                            .fits = part.value(input),
                            .setting = part.setting(input),
                            .as_well = {},
                            .gain = {},
                            .sure = true};
    if (usable(reverted)) {
      finding.gain = gain(reverted, best);
      finding.sure = sure(finding.gain);
    }
    for (const size_t other : alternatives) {
      if (other == best || other == reverted || !usable(other) || !differs_only_in(part, other, best)) continue;
      const std::string value = part.value(out_.trials[other].input);
      const bool named = std::find(finding.as_well.begin(), finding.as_well.end(), value) != finding.as_well.end();
      if (!named && !doubtful(gain(other, best))) finding.as_well.push_back(value);
    }
    out_.findings.push_back(std::move(finding));
  }

  bool differs_only_in(const Part& part, size_t one, size_t other) const {
    InputContract input = out_.trials[one].input;
    part.take(input, out_.trials[other].input);
    return input.difference(out_.trials[other].input).empty();
  }

  /// Steps of a fourteenth of the width, 8 pixels of 112, along both axes, then finer around the best.
  void shifts() {
    const InputContract start = out_.trials[base_].input;
    int64_t step = std::max<int64_t>(1, (start.width + 7) / 14);
    std::vector<size_t> all{base_};
    size_t best = around(base_, step, all);
    if (best == base_ && step > 1) best = around(base_, step / 2, all);
    if (best == base_ || !doubtful(gain(base_, best))) return;
    for (; step >= 1; step /= 2) {
      for (int round = 0; round < 4; ++round) {
        const size_t better = around(best, step, all);
        if (better == best) break;
        best = better;
      }
    }
    settle(best, {&shift_part}, all);
  }

  /// The best of a trial and its four neighbours.
  size_t around(size_t centre, int64_t step, std::vector<size_t>& all) {
    const InputContract input = out_.trials[centre].input;
    std::vector<size_t> near{centre};
    for (const auto& [right, down] : {std::pair<int64_t, int64_t>{step, 0}, {-step, 0}, {0, step}, {0, -step}}) {
      near.push_back(tried(with_shift(input, input.shift[0] + right, input.shift[1] + down)));
    }
    all.insert(all.end(), near.begin(), near.end());
    return best_of(near);
  }

  static const Part& part_of(const ContractFinding& finding) {
    for (const Part* part : {&colour_part, &range_part}) {
      if (finding.part == part->name) return *part;
    }
    return shift_part;
  }

  const InputContract& given_;
  std::span<const uint8_t> same_;
  const ContractScorer& scorer_;
  const ContractSearchOptions& options_;
  ContractSearch out_;
  size_t base_ = 0;
};

}  // namespace

std::string value_range(const InputContract& input) {
  for (const ValueRange& range : ranges) {
    if (has_range(input, range)) return range.name;
  }
  return fmt::format("mean {:.4g}, std {:.4g}", fmt::join(input.mean, " "), fmt::join(input.std, " "));
}

ContractSearch search_contract(const InputContract& given, std::span<const uint8_t> same, const ContractScorer& scorer,
                               const ContractSearchOptions& options) {
  return Search(given, same, scorer, options).run();
}

}  // namespace lafs
