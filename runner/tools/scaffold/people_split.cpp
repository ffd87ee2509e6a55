#include "runner/tools/scaffold/people_split.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace {

constexpr int64_t fewest_pairs = 20, most_pairs = 1000;  // of each kind: two in each of ten folds

/// Pictures of each identity that has any, in order.
std::vector<int64_t> pictures_of_people(const DataSource& source) {
  std::vector<int64_t> labels(static_cast<size_t>(source.size()));
  for (int64_t i = 0; i < source.size(); ++i) labels[static_cast<size_t>(i)] = source.identity(i);
  std::sort(labels.begin(), labels.end());
  std::vector<int64_t> counts;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i == 0 || labels[i] != labels[i - 1]) counts.push_back(0);
    ++counts.back();
  }
  return counts;
}

/// How many pairs of both kinds the people from `first` on make: the smaller of the two numbers.
int64_t pairs_from(const std::vector<int64_t>& counts, size_t first) {
  int64_t pictures = 0, genuine = 0;
  for (size_t i = first; i < counts.size(); ++i) {
    pictures += counts[i];
    genuine += counts[i] * (counts[i] - 1) / 2;
  }
  return std::min(genuine, pictures * (pictures - 1) / 2 - genuine);
}

}  // namespace

PeopleSplit split_people(const DataSource& source, const std::string& folder) {
  std::vector<int64_t> counts = pictures_of_people(source);
  PeopleSplit split;
  split.alone = std::erase(counts, 1);
  split.people = static_cast<int64_t>(counts.size());
  split.test = std::max<int64_t>(split.people / 5, 2);
  const auto pairs = [&] { return pairs_from(counts, static_cast<size_t>(split.people - split.test)); };
  while (split.people - split.test > 2 && pairs() < fewest_pairs) ++split.test;
  split.train = split.people - split.test;
  if (split.train < 2 || pairs() < fewest_pairs) {
    throw Error(
        fmt::format("\"{}\" holds {} people with two pictures or more: too few to train on some and verify others, which takes 4 "
                    "people, and among those to verify {} pairs of pictures of one person",
                    folder, split.people, fewest_pairs));
  }
  split.pairs = std::min(pairs(), most_pairs);
  for (int64_t i = 0; i < split.train; ++i) split.train_pictures += counts[static_cast<size_t>(i)];
  return split;
}

}  // namespace lafs
