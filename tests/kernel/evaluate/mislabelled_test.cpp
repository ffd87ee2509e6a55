#include "kernel/evaluate/mislabelled.h"

#include <cmath>
#include <map>
#include <numeric>

#include <doctest/doctest.h>

#include "lafs/rng.h"

namespace lafs {
namespace {

class Labels final : public DataSource {
 public:
  explicit Labels(std::vector<int64_t> labels, int64_t identities) : labels_(std::move(labels)), identities_(identities) {}
  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  int64_t identities() const override { return identities_; }
  int64_t identity(int64_t index) const override { return labels_[static_cast<size_t>(index)]; }
  std::string key(int64_t index) const override { return std::to_string(index); }
  std::optional<int64_t> find(const std::string&) const override { return {}; }
  std::string fingerprint() const override { return "5b"; }
  Sample get(int64_t) const override { return {}; }

 private:
  std::vector<int64_t> labels_;
  int64_t identities_;
};

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
  return aa == 0 || bb == 0 ? 0 : ab / std::sqrt(aa * bb);
}

TEST_CASE("mislabelled: in 60 generated sets the rule of the header holds for every picture") {
  Rng rng(21);
  int64_t marked = 0;
  for (int n = 0; n < 60; ++n) {
    const int64_t identities = rng.integer(2, 12), size = rng.integer(2, 700), width = rng.integer(3, 9);
    const double margin = rng.uniform(0, 0.6);
    std::vector<int64_t> labels;
    std::vector<float> values;
    for (int64_t i = 0; i < size; ++i) {
      labels.push_back(rng.integer(0, identities));
      for (int64_t d = 0; d < width; ++d) values.push_back(static_cast<float>(rng.normal() + (labels.back() % width == d ? 2 : 0)));
    }
    const Labels source(labels, identities);
    const auto found = find_mislabelled({values, size, width}, source, margin, [](int64_t) { return true; });
    std::vector<std::vector<double>> units, sums(static_cast<size_t>(identities), std::vector<double>(static_cast<size_t>(width)));
    std::vector<int64_t> counts(static_cast<size_t>(identities));
    for (int64_t i = 0; i < size; ++i) {
      std::vector<double> row(values.begin() + i * width, values.begin() + (i + 1) * width);
      const double length = std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
      for (size_t d = 0; d < row.size(); ++d) sums[static_cast<size_t>(labels[static_cast<size_t>(i)])][d] += row[d] /= length;
      ++counts[static_cast<size_t>(labels[static_cast<size_t>(i)])];
      units.push_back(std::move(row));
    }
    std::map<int64_t, MislabelledPicture> by_index;
    for (const MislabelledPicture& one : found.pictures) by_index[one.index] = one;
    CHECK(by_index.size() == found.pictures.size());
    int64_t alone = 0;
    for (int64_t i = 0; i < size; ++i) {
      const auto own = static_cast<size_t>(labels[static_cast<size_t>(i)]);
      std::vector<double> rest = sums[own];
      for (size_t d = 0; d < rest.size(); ++d) rest[d] -= units[static_cast<size_t>(i)][d];
      double nearest = -2;
      for (size_t c = 0; c < sums.size(); ++c) {
        if (c != own) nearest = std::max(nearest, cosine(units[static_cast<size_t>(i)], sums[c]));
      }
      alone += counts[own] == 1;
      const double difference = nearest - cosine(units[static_cast<size_t>(i)], rest);
      if (std::abs(difference - margin) < 1e-4) continue;  // either is right
      CHECK(by_index.contains(i) == (counts[own] > 1 && difference >= margin));
      if (by_index.contains(i)) CHECK(by_index[i].other_cosine == doctest::Approx(nearest).epsilon(1e-4));
    }
    CHECK(found.alone == alone);
    CHECK(found.judged == size - alone);
    marked += static_cast<int64_t>(found.pictures.size());
  }
  CHECK(marked > 1000);
}

TEST_CASE("mislabelled: exchanged pictures come first, with the identity that they belong to") {
  const std::vector<float> values{1, 0, 0.1f, 1, 0, 0, 0, 1, 0, 0, 1, 0.1f, 1, 0.1f, 0, 0, 0, 1};
  const Labels source({0, 0, 1, 1, 1, 2}, 3);
  const auto found = find_mislabelled({values, 6, 3}, source, 0.2, [](int64_t) { return true; });
  REQUIRE(found.pictures.size() == 1);
  CHECK(found.pictures[0].index == 4);
  CHECK(found.pictures[0].other == 0);
  CHECK(found.alone == 1);
  CHECK(cosine_of_rows({values, 6, 3}, 0, 2) == 0);
  CHECK(cosine_of_rows({values, 6, 3}, 5, 5) == doctest::Approx(1));
  CHECK(find_mislabelled({values, 6, 3}, source, 0.2, [](int64_t) { return false; }).judged == 0);
}

}  // namespace
}  // namespace lafs
