#include "nn/loss/class_sample.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>
#include <torch/types.h>

#include "kernel/train/draws.h"
#include "lafs/error.h"
#include "lafs/head.h"
#include "lafs/rng.h"
#include "nn/loss/classifier.h"
#include "nn/train/initial_values.h"
#include "support/front_door.h"

using namespace lafs;
using namespace lafs::nn;

namespace {

ClassUniforms from(const std::vector<float>& numbers) {
  return [&numbers](int64_t first, int64_t count, float* out) { std::copy_n(numbers.begin() + first, count, out); };
}

std::shared_ptr<const Draws> draws(uint64_t key, size_t rows = 3) { return keyed_draws(key, 0, 0, std::vector<int64_t>(rows), at::kCPU); }

std::shared_ptr<Classifier> sampling(double rate, RowUpdates rows, int64_t classes = 200) {
  Classifier::Options options;
  options.classes = classes;
  options.width = 6;
  options.sampling.rate = rate;
  options.rows = rows;
  options.fuse_from = 0;
  auto classifier = std::make_shared<Classifier>(options);
  initialise(*classifier, 5);
  return classifier;
}

Targets labelled(const std::vector<int64_t>& labels) {
  Targets targets;
  targets.label_a = torch::tensor(labels);
  return targets;
}

}  // namespace

TEST_CASE("class sample: positives stay, the rest are the largest numbers, all in order") {
  const std::vector<float> numbers{0.1f, 0.9f, 0.5f, 0.2f, 0.8f, 0.9f};
  CHECK((sample_classes({0, 3}, 6, 4, from(numbers)) == std::vector<int64_t>{0, 1, 3, 5}));
  CHECK((sample_classes({}, 6, 1, from(numbers)) == std::vector<int64_t>{1}));
  CHECK((sample_classes({0, 2, 3}, 6, 2, from(numbers)) == std::vector<int64_t>{0, 2, 3}));
  CHECK((sample_classes({}, 6, 6, from(numbers)) == std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
}

TEST_CASE("class sample: of many classes it is what sorting all numbers gives, also where many are equal") {
  for (const int64_t values : {1000000, 7, 1}) {
    Rng rng(3);
    std::vector<float> numbers(20000);
    for (float& number : numbers) number = static_cast<float>(rng.integer(0, values)) / static_cast<float>(values);
    const std::vector<int64_t> positives{5, 700, 19999};
    std::vector<int64_t> order(numbers.size());
    std::iota(order.begin(), order.end(), 0);
    for (const int64_t one : positives) numbers[static_cast<size_t>(one)] = 2;
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return numbers[static_cast<size_t>(a)] > numbers[static_cast<size_t>(b)]; });
    order.resize(1234);
    std::sort(order.begin(), order.end());
    CHECK(sample_classes(positives, 20000, 1234, from(numbers)) == order);
  }
}

TEST_CASE("class sample: every class is drawn about as often as the others, and differs from rank to rank") {
  const int64_t classes = 100;
  std::vector<int> counts(static_cast<size_t>(classes));
  const ClassShard first(2 * classes, 0, 2), second(2 * classes, 1, 2);
  for (uint64_t key = 0; key < 2000; ++key) {
    for (const int64_t one : sample_classes({}, classes, 20, class_uniforms(*draws(key), first, {}))) ++counts[static_cast<size_t>(one)];
  }
  CHECK(*std::min_element(counts.begin(), counts.end()) > 320);
  CHECK(*std::max_element(counts.begin(), counts.end()) < 480);
  const auto of = [&](const ClassShard& shard, bool same) {
    return sample_classes({}, classes, 20, class_uniforms(*draws(1), shard, {0.1, same}));
  };
  CHECK(of(first, true) == of(second, true));
  CHECK(of(first, false) != of(second, false));
}

TEST_CASE("class shards: ranks share all classes, the first ones have one more") {
  CHECK(ClassShard(205990, 0, 3).count == 68664);
  CHECK(ClassShard(205990, 1, 3).first == 68664);
  CHECK(ClassShard(205990, 2, 3).first == 137327);
  CHECK(ClassShard(205990, 2, 3).count == 68663);
  CHECK(ClassSampling{0.1}.of(102995) == 10299);
}

TEST_CASE("class sample: a rate that leaves no negatives is an error") {
  CHECK_THROWS_WITH_AS(
      sampling(0.001, RowUpdates::none),
      "a sampling rate of 0.001 takes 0 of 200 identities in a step, and leaves no negatives; with at least 0.01 there are some", Error);
}

TEST_CASE("partial fc: the loss is that of a classifier of the sampled classes, and rows get the gradient that a dense one has") {
  const auto head = test::make<Head>("cosface", "scale = 8", int64_t{200});
  const HeadAbilities abilities(*head);
  const at::Tensor embedding = torch::randn({3, 6});
  const Targets targets = labelled({7, 150, 7});
  const auto dense = sampling(0.2, RowUpdates::none), sparse = sampling(0.2, RowUpdates::counted_by_row);
  const Pass pass{true, draws(1), nullptr};
  const at::Tensor loss = dense->loss(embedding, targets, abilities, pass), other = sparse->loss(embedding, targets, abilities, pass);
  CHECK(at::equal(loss, other));
  REQUIRE(dense->sampled().size(0) == 40);
  CHECK(at::equal(dense->sampled(), sparse->sampled()));
  const auto small = sampling(1, RowUpdates::none, 40);
  {
    const at::NoGradGuard no_grad;
    small->weight.copy_(dense->weight.index_select(0, dense->sampled()));
  }
  Targets places = targets;
  places.label_a = at::searchsorted(dense->sampled(), targets.label_a);
  CHECK(small->loss_plain(embedding, places, abilities, {}).item<double>() == doctest::Approx(loss.item<double>()).epsilon(1e-5));
  loss.backward();
  other.backward();
  REQUIRE(sparse->weight.grad().is_sparse());
  CHECK(at::allclose(sparse->weight.grad().to_dense(), dense->weight.grad()));
}

TEST_CASE("partial fc: a rate of 1 is the whole softmax, and so is a loss without chance") {
  const auto head = test::make<Head>("cosface", "", int64_t{200});
  const HeadAbilities abilities(*head);
  const at::Tensor embedding = torch::randn({3, 6});
  const Targets targets = labelled({7, 150, 0});
  const at::Tensor whole = sampling(1, RowUpdates::none)->loss(embedding, targets, abilities, {});
  CHECK(at::equal(whole, sampling(1, RowUpdates::counted_by_row)->loss(embedding, targets, abilities, {true, draws(1), nullptr})));
  CHECK(at::equal(whole, sampling(0.3, RowUpdates::counted_by_row)->loss(embedding, targets, abilities, {})));
}

TEST_CASE("partial fc: both labels of mixed rows take part, and micro-batches of a step sample by the same chance") {
  const auto head = test::make<Head>("cosface", "", int64_t{200});
  const HeadAbilities abilities(*head);
  const auto classifier = sampling(0.05, RowUpdates::counted_by_row);
  Targets targets = labelled({7, 150, 0});
  targets.label_b = torch::tensor({199, 3, 0});
  targets.lambda = torch::full({3}, 0.4);
  const auto sample = [&](const Targets& of, uint64_t key) {
    classifier->loss(torch::randn({3, 6}), of, abilities, {true, draws(key), nullptr});
    return classifier->sampled();
  };
  const at::Tensor mixed = sample(targets, 1);
  CHECK(at::isin(torch::tensor({0, 3, 7, 150, 199}), mixed).all().item<bool>());
  CHECK(mixed.size(0) == 10);
  CHECK_FALSE(at::equal(sample(targets, 2), mixed));
  classifier->sample_by(draws(1));
  CHECK(at::equal(sample(targets, 2), mixed));
}
