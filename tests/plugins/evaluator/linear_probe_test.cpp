#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <set>

#include "support/bare_assembly.h"
#include "support/error_of.h"
#include "support/front_door.h"
#include "support/made_features.h"

using namespace lafs;

namespace {

std::shared_ptr<Evaluator> probe(const std::string& toml) {
  test::BareAssembly assembly;
  return test::make<Evaluator>("linear_probe", toml, assembly);
}

const std::string sets =
    "data = { use = \"synthetic_faces\", identities = 7, per_identity = 4, size = 32 }\n"
    "test = { use = \"synthetic_faces\", identities = 7, per_identity = 2, size = 32, seed = 5 }\n";
const std::string front = "inline.toml:1:1: error: evaluator \"linear_probe\": ";

std::string refusal(const std::string& toml) {
  return test::error_of([&] { probe(toml); });
}

/// Makes features by a rule, and remembers what was asked for.
class RuleEmbedder final : public Embedder {
 public:
  explicit RuleEmbedder(test::MadeFeatures::Row row) : row_(std::move(row)) {}
  std::shared_ptr<const Features> embed(const std::vector<FeatureRequest>& requests) override {
    for (const FeatureRequest& request : requests) asked.push_back(request);
    return std::make_shared<test::MadeFeatures>(requests, row_);
  }
  std::vector<FeatureRequest> asked;

 private:
  test::MadeFeatures::Row row_;
};

Metrics run(Evaluator& evaluator, Embedder& embedder) { return dynamic_cast<Interactive&>(evaluator).run(embedder); }

/// The first pixels themselves: what a crop changes, these show.
std::vector<float> pixels(const FeatureRequest& request, int64_t index, bool) {
  const Sample sample = request.source->get(index);
  return std::vector<float>(sample.image.bytes.get(), sample.image.bytes.get() + 300);
}

}  // namespace

TEST_CASE("linear probe evaluator: pictures embedded once give a classifier, its course and the line of the protocol") {
  const auto evaluator = probe(sets + "augment = false\nepochs = 40\nbatch = 8\nrate = 32\nclass_tokens = 0");
  RuleEmbedder embedder(test::people_rows(0.1));
  const Metrics metrics = run(*evaluator, embedder);
  CHECK(embedder.asked.size() == 2);
  CHECK(test::names_of(metrics) == std::vector<std::string>{"top1", "top5", "top1_best_epoch", "train_loss"});
  CHECK(metrics.values[0].value == 1);
  CHECK(metrics.values[0].n == 14);
  CHECK(test::metric(metrics, "train_loss").value < 0.1);
  REQUIRE(metrics.curves.at(0).y.size() == 40);
  CHECK(metrics.curves[0].y.back() == 1);
  CHECK(metrics.notes[0] ==
        "linear probe on frozen features, the embedding (16 numbers), 7 classes, 28 training and 14 test pictures, features of the "
        "pictures as they "
        "are, without crops and flips, SGD with momentum 0.9 and rate 32 x 8/256 falling by a cosine, 40 epochs, the last epoch reported, "
        "pixels "
        "scaled as lafs");
  CHECK(metrics.notes.back() == "augment = false: DINO's protocol trains on random crops and flips, so its numbers differ");
  const Metrics again = run(*evaluator, embedder);
  CHECK(again.curves[0].y == metrics.curves[0].y);
  CHECK(again.values[3].value == metrics.values[3].value);
}

TEST_CASE("linear probe evaluator: the mean patch token is asked for beside class tokens, and named in the protocol") {
  const std::string once = sets + "augment = false\nepochs = 1\nbatch = 8\nmean_patch = true\n";
  const auto evaluator = probe(once + "class_tokens = 1");
  RuleEmbedder embedder(pixels);
  const Metrics metrics = run(*evaluator, embedder);
  CHECK(embedder.asked[0].class_tokens == 1);
  CHECK(embedder.asked[0].mean_patch);
  CHECK(metrics.notes[0].find("class tokens of the last 1 blocks and the mean of the last block's other tokens") != std::string::npos);
  CHECK(refusal(once + "class_tokens = 0") == front + "mean_patch stands beside class tokens, but class_tokens is 0");
}

TEST_CASE("linear probe evaluator: every epoch sees crops of its own, the same in every run, and the test pictures as they are") {
  const std::string toml = sets + "epochs = 3\nbatch = 8\nrate = 1e-6\ncrop_scale = [0.3, 0.6]";
  const auto evaluator = probe(toml), twin = probe(toml), other = probe(toml + "\nseed = 2");
  RuleEmbedder embedder(pixels), second(pixels), third(pixels);
  const Metrics metrics = run(*evaluator, embedder);
  REQUIRE(embedder.asked.size() == 4);
  CHECK(embedder.asked[0].name == "test");
  CHECK(embedder.asked[0].class_tokens == 4);
  std::set<std::vector<float>> crops;
  for (size_t epoch = 1; epoch < 4; ++epoch) {
    const auto& source = *embedder.asked[epoch].source;
    CHECK(source.size() == 28);
    CHECK(source.identity(9) == evaluator->requests()[0].source->identity(9));
    CHECK(source.get(5).image.height == 112);
    crops.insert(pixels(embedder.asked[epoch], 5, false));
    CHECK(pixels(embedder.asked[epoch], 5, false) == pixels(embedder.asked[epoch], 5, false));
  }
  CHECK(crops.size() == 3);
  CHECK(run(*twin, second).values[3].value == metrics.values[3].value);
  CHECK(run(*other, third).values[3].value != metrics.values[3].value);
  CHECK(metrics.notes[0].find("random crops of 0.3 to 0.6 of the area and flips") != std::string::npos);
  CHECK(metrics.notes[0].find("class tokens of the last 4 blocks (300 numbers)") != std::string::npos);
}

TEST_CASE("linear probe evaluator: the best epoch can be the result, and is named") {
  const std::string toml = sets + "augment = false\nepochs = 12\nbatch = 8\nrate = 8\nclass_tokens = 0\n";
  const auto last = probe(toml), best = probe(toml + "report = \"best\"");
  RuleEmbedder embedder(test::people_rows(1.5));
  const Metrics of_last = run(*last, embedder), of_best = run(*best, embedder);
  CHECK(of_best.values[0].value == test::metric(of_last, "top1_best_epoch").value);
  CHECK(test::metric(of_best, "top1_last_epoch").value == of_last.values[0].value);
  CHECK(of_best.values[0].value >= of_last.values[0].value);
  CHECK(of_best.notes[0].find("the best epoch reported") != std::string::npos);
}

TEST_CASE("linear probe evaluator: options that do not fit or have no effect are errors") {
  CHECK(refusal(sets + "crop_scale = [0.9]") == front + "crop_scale needs two numbers, the smaller first");
  CHECK(refusal(sets + "crop_ratio = [2, 1]") == front + "crop_ratio needs two numbers, the smaller first");
  CHECK(refusal(sets + "augment = false\nflip = false") ==
        front + "crop_scale, crop_ratio and flip have no effect with augment = false: leave them out");
  CHECK(refusal("data = { use = \"synthetic_faces\", identities = 3, per_identity = 2 }\n"
                "test = { use = \"synthetic_faces\", identities = 4, per_identity = 2 }\n") ==
        front + "identity \"3\" of test has no picture in data");
}
