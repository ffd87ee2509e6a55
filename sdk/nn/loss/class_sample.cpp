#include "nn/loss/class_sample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "lafs/rng.h"

namespace lafs::nn {

namespace {

struct Candidate {
  float number;
  int64_t place;
  bool operator<(const Candidate& other) const { return number != other.number ? number > other.number : place < other.place; }
};

/// Classes that are no positives and have a number of at least `least`.
std::vector<Candidate> candidates(const std::vector<int64_t>& positives, int64_t classes, float least, const ClassUniforms& uniforms) {
  constexpr int64_t together = 4096;
  std::vector<Candidate> found;
  float numbers[together];
  auto positive = positives.begin();
  for (int64_t first = 0; first < classes; first += together) {
    const int64_t n = std::min(together, classes - first);
    uniforms(first, n, numbers);
    for (int64_t j = 0; j < n; ++j) {
      if (positive != positives.end() && *positive == first + j) {
        ++positive;
      } else if (numbers[j] >= least) {
        found.push_back({numbers[j], first + j});
      }
    }
  }
  return found;
}

}  // namespace

ClassShard::ClassShard(int64_t classes, int64_t rank, int64_t world)
    : first(classes / world * rank + std::min(rank, classes % world)), count(classes / world + (rank < classes % world ? 1 : 0)) {}

int64_t ClassSampling::of(int64_t classes) const { return static_cast<int64_t>(std::floor(rate * static_cast<double>(classes))); }

void check_sampling(const ClassSampling& sampling, int64_t classes, int64_t world) {
  if (!sampling.on()) return;
  int64_t sampled = 0;
  for (int64_t rank = 0; rank < world; ++rank) sampled += sampling.of(ClassShard(classes, rank, world).count);
  if (sampled >= 2) return;
  throw Error(
      fmt::format("a sampling rate of {} takes {} of {} identities in a step, and leaves no negatives; with at least {} there are some",
                  sampling.rate, sampled, classes, std::ceil(2000.0 * static_cast<double>(world) / static_cast<double>(classes)) / 1000));
}

ClassUniforms class_uniforms(const Draws& draws, const ClassShard& shard, const ClassSampling& sampling) {
  if (const auto* recorded = dynamic_cast<const BatchUniforms*>(&draws)) {
    return [recorded, count = shard.count, numbers = at::Tensor()](int64_t first, int64_t n, float* out) mutable {
      if (!numbers.defined()) numbers = recorded->batch_uniform("partial_fc", count).contiguous();
      std::copy_n(numbers.const_data_ptr<float>() + first, n, out);
    };
  }
  const uint64_t key = draws.batch_key("partial_fc");
  const int64_t offset = sampling.same_on_all_ranks ? 0 : shard.first;
  return [key, offset](int64_t first, int64_t count, float* out) {
    std::array<uint32_t, 4> words{};
    for (int64_t j = 0; j < count; ++j) {
      const auto number = static_cast<uint64_t>(offset + first + j);
      if (j == 0 || number % 4 == 0) words = philox(key, number / 4);
      out[j] = static_cast<float>(words[number % 4] >> 8) * 0x1p-24f;
    }
  };
}

std::vector<int64_t> sample_classes(const std::vector<int64_t>& positives, int64_t classes, int64_t count, const ClassUniforms& uniforms) {
  std::vector<int64_t> sample = positives;
  const int64_t more = count - static_cast<int64_t>(positives.size()), others = classes - static_cast<int64_t>(positives.size());
  if (more <= 0) return sample;
  // A few more than needed: which numbers these reach is known within some standard deviations.
  const double share = static_cast<double>(more) / static_cast<double>(others);
  const double margin = 5 * std::sqrt(share * (1 - share) / static_cast<double>(others));
  std::vector<Candidate> found = candidates(positives, classes, static_cast<float>(1 - share - margin), uniforms);
  if (static_cast<int64_t>(found.size()) < more) found = candidates(positives, classes, -1, uniforms);
  std::nth_element(found.begin(), found.begin() + (more - 1), found.end());
  for (int64_t j = 0; j < more; ++j) sample.push_back(found[static_cast<size_t>(j)].place);
  std::sort(sample.begin(), sample.end());
  return sample;
}

}  // namespace lafs::nn
