#include <doctest/doctest.h>

#include "kernel/evaluate/embedder.h"
#include "kernel/evaluate/fakes.h"

namespace lafs {
namespace {

using test::FakeBackbone;
using test::FakeSource;

class CountRows final : public Evaluator {
 public:
  CountRows(std::shared_ptr<const DataSource> source, std::string asks, std::string reads)
      : source_(std::move(source)), asks_(std::move(asks)), reads_(std::move(reads)) {}
  std::vector<FeatureRequest> requests() const override {
    FeatureRequest one;
    one.name = asks_;
    one.source = source_;
    return {one};
  }
  Metrics score(const Features& features) const override {
    Metrics out;
    out.values.push_back({.name = "rows", .value = static_cast<double>(features.of(reads_).rows), .n = 1});
    return out;
  }

 private:
  std::shared_ptr<const DataSource> source_;
  std::string asks_, reads_;
};

class ByItself final : public Evaluator, public Interactive {
 public:
  explicit ByItself(std::shared_ptr<const DataSource> source) : source_(std::move(source)) {}
  std::vector<FeatureRequest> requests() const override { throw Error("never asked"); }
  Metrics score(const Features&) const override { throw Error("never asked"); }
  Metrics run(Embedder& embedder) override {
    FeatureRequest one;
    one.name = "own";
    one.source = source_;
    Metrics out;
    out.values.push_back({.name = "rows", .value = static_cast<double>(embedder.embed({one})->of("own").rows), .n = 1});
    return out;
  }

 private:
  std::shared_ptr<const DataSource> source_;
};

ModelEmbedder embedder() {
  InputContract input;
  input.height = input.width = 8;
  EmbedderOptions options;
  options.batch = 4;
  return ModelEmbedder(std::make_shared<FakeBackbone>(), input, options);
}

TEST_CASE("evaluate: evaluators that use one request name do not meet, and share decoded pictures") {
  const auto big = std::make_shared<FakeSource>(9), little = std::make_shared<FakeSource>(5);
  ModelEmbedder model = embedder();
  const auto found = evaluate({{"lfw", std::make_shared<CountRows>(big, "pairs", "pairs")},
                               {"cfp", std::make_shared<CountRows>(little, "pairs", "pairs")},
                               {"lfw", std::make_shared<CountRows>(big, "pairs", "pairs")}},
                              model);
  REQUIRE(found.size() == 3);
  CHECK(found[0].name == "lfw");
  CHECK(found[0].metrics.values[0].value == 9);
  CHECK(found[1].name == "cfp");
  CHECK(found[1].metrics.values[0].value == 5);
  CHECK(found[2].metrics.values[0].value == 9);
  CHECK(big->times_decoded(0) == 1);
}

TEST_CASE("evaluate: an interactive evaluator embeds by itself, and only so") {
  ModelEmbedder model = embedder();
  const auto found = evaluate({{"probe", std::make_shared<ByItself>(std::make_shared<FakeSource>(6))}}, model);
  CHECK(found[0].metrics.values[0].value == 6);
  CHECK(evaluate({}, model).empty());
}

TEST_CASE("evaluate: an error has its evaluator in front, and request names as their author wrote them") {
  ModelEmbedder model = embedder();
  const auto source = std::make_shared<FakeSource>(6);
  CHECK_THROWS_WITH_AS(evaluate({{"lfw", std::make_shared<CountRows>(source, "pairs", "pair")}}, model),
                       "evaluator \"lfw\": no feature request is named \"pair\"; did you mean \"pairs\"?", Error);
  source->broken = 2;
  CHECK_THROWS_WITH_AS(evaluate({{"probe", std::make_shared<ByItself>(source)}}, model),
                       "evaluator \"probe\": image 2 \"face_2.png\": the file ends early", Error);
}

}  // namespace
}  // namespace lafs
