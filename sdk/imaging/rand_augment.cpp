#include "imaging/rand_augment.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "imaging/rand_augment_policy.h"
#include "lafs/error.h"

namespace lafs::imaging {

namespace {

Rule names_of_ops() {
  Rule rule;
  for (const NamedOp& named : augment_ops()) rule.choices.emplace_back(named.name);
  return rule;
}

std::vector<AugmentOp> ops_named(const std::vector<std::string>& names) {
  std::vector<AugmentOp> ops;
  for (const NamedOp& named : augment_ops()) {
    const auto times = std::count(names.begin(), names.end(), named.name);
    if (times > 1) throw Error(fmt::format("randaugment_operations names \"{}\" {} times; once is enough", named.name, times));
    if (times == 1 || names.empty()) ops.push_back(named.op);
  }
  return ops;
}

/// The options that a policy sets, where it stands alone.
RandAugment::Options with_policy(RandAugment::Options options) {
  if (options.policy.empty()) return options;
  const RandAugment::Options plain;
  std::vector<std::string_view> beside;
  if (options.magnitude != plain.magnitude) beside.push_back("randaugment_magnitude");
  if (options.noise != plain.noise) beside.push_back("randaugment_noise");
  if (options.count != plain.count) beside.push_back("randaugment_count");
  if (options.increasing != plain.increasing) beside.push_back("randaugment_increasing");
  if (!beside.empty()) {
    throw Error(
        fmt::format("{} and randaugment_policy = \"{}\" say the same thing twice; leave one out", fmt::join(beside, ", "), options.policy));
  }
  const RandAugmentPolicy policy = read_policy(options.policy);
  options.magnitude = policy.magnitude;
  options.noise = policy.noise;
  options.count = policy.count;
  options.increasing = policy.increasing;
  return options;
}

}  // namespace

void RandAugment::Options::declare(Params& p) {
  p.affects_unless("", "randaugment_policy", policy, {},
                   "published notation in place of the next four keys: \"rand-m1-mstd0.5-inc1\"; inc0 means on too (quirk FT-23)");
  p.affects_unless(1, "randaugment_magnitude", magnitude, in(0, 10), "mean level of an operation");
  p.affects_unless(0.5, "randaugment_noise", noise, in(0, 10), "standard deviation of the level, which is clipped to [0, 10]");
  p.affects_unless(2, "randaugment_count", count, in(1, 100), "operations drawn for each picture, with replacement");
  p.affects_unless(true, "randaugment_increasing", increasing, {},
                   "higher levels always change more; false: the first form of RandAugment");
  p.affects_unless(0.5, "randaugment_probability", probability, in(0, 1), "probability that a drawn operation is applied");
  p.affects_unless({}, "randaugment_operations", operations, names_of_ops(), "operations to draw from; empty means all");
}

RandAugment::RandAugment(const Options& options) : options_(with_policy(options)), ops_(ops_named(options.operations)) {}

std::vector<RandAugment::Change> RandAugment::draw(Rng& rng) const {
  std::vector<AugmentOp> chosen(static_cast<size_t>(options_.count));
  for (AugmentOp& op : chosen) op = ops_[static_cast<size_t>(rng.integer(0, static_cast<int64_t>(ops_.size())))];
  std::vector<Change> changes;
  for (const AugmentOp op : chosen) {
    if (!rng.coin(options_.probability)) continue;
    double level = options_.magnitude;
    if (has_level(op) && options_.noise > 0) level = std::clamp(rng.normal(options_.magnitude, options_.noise), 0.0, 10.0);
    const bool negative = has_sign(op, options_.increasing) && rng.coin(0.5);
    const bool cubic = is_geometric(op) && rng.coin(0.5);
    changes.push_back(
        {op, argument_of(op, level, options_.increasing, negative), cubic ? TransformFilter::bicubic : TransformFilter::bilinear});
  }
  return changes;
}

}  // namespace lafs::imaging
