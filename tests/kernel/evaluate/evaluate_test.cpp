#include <doctest/doctest.h>

#include "kernel/evaluate/embedder.h"
#include "kernel/evaluate/fakes.h"

namespace lafs {
namespace {

using test::FakeBackbone;
using test::FakeSource;
using test::PlainBackbone;

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

/// A network on pictures of the size `side`, with another contract than `embedder()`.
ModelEmbedder other_embedder(const std::shared_ptr<Backbone>& network, int64_t side, std::string flip = "none") {
  InputContract input;
  input.height = input.width = side;
  input.colour = "bgr";
  input.flip = std::move(flip);
  EmbedderOptions options;
  options.batch = 4;
  return ModelEmbedder(network, input, options);
}

std::vector<FeatureRequest> all_of(const std::shared_ptr<const DataSource>& source) {
  FeatureRequest one;
  one.name = "all";
  one.source = source;
  return {one};
}

std::vector<float> values(const Features& features) {
  const FeatureMatrix all = features.of("all");
  return {all.values.begin(), all.values.end()};
}

TEST_CASE("embed together: models share decoded pictures where they see the same frame, and embed as each alone") {
  const auto network = std::make_shared<FakeBackbone>();
  ModelEmbedder first = embedder(), second = other_embedder(network, 8);
  const auto alone_first = std::make_shared<FakeSource>(9), alone_second = std::make_shared<FakeSource>(9);
  const auto one = values(*first.embed(all_of(alone_first))), two = values(*second.embed(all_of(alone_second)));
  REQUIRE(one != two);

  const auto mine = std::make_shared<FakeSource>(9), twin = std::make_shared<FakeSource>(9);  // the same pictures, opened twice
  const auto together = embed_together({{&first, all_of(mine), ""}, {&second, all_of(twin), ""}});
  CHECK(values(*together[0]) == one);
  CHECK(values(*together[1]) == two);
  for (int64_t i = 0; i < 9; ++i) CHECK(mine->times_decoded(i) + twin->times_decoded(i) == 1);
  CHECK(embed_together({}).empty());
}

TEST_CASE("embed together: another size, other pictures or another order are decoded for themselves") {
  const auto wide = std::make_shared<PlainBackbone>([](const Tensor& images) { return images.flatten(1).narrow(1, 0, 5); });
  ModelEmbedder first = embedder(), bigger = other_embedder(wide, 12), second = other_embedder(std::make_shared<FakeBackbone>(), 8);
  const auto source = std::make_shared<FakeSource>(6);
  embed_together({{&first, all_of(source), ""}, {&bigger, all_of(source), ""}});
  CHECK(source->times_decoded(0) == 2);

  const auto mine = std::make_shared<FakeSource>(6), others = std::make_shared<FakeSource>(6, 8, "other pictures");
  embed_together({{&first, all_of(mine), ""}, {&second, all_of(others), ""}});
  CHECK(mine->times_decoded(0) == 1);
  CHECK(others->times_decoded(0) == 1);

  const auto fewer = std::make_shared<FakeSource>(6);
  std::vector<FeatureRequest> some = all_of(fewer);
  some[0].indices = {4, 2};
  const auto both = embed_together({{&first, all_of(mine), ""}, {&second, some, ""}});
  CHECK(both[1]->of("all").rows == 2);
  CHECK(fewer->times_decoded(2) == 1);
  CHECK(fewer->times_decoded(0) == 0);
}

TEST_CASE("evaluate together: progress counts every picture once, and errors begin with the model that made them") {
  const auto source = std::make_shared<FakeSource>(6);
  const auto count = std::make_shared<CountRows>(source, "pairs", "pairs");
  std::vector<int64_t> seen;
  InputContract input;
  input.height = input.width = 8;
  EmbedderOptions options;
  options.batch = 4;
  options.progress = [&](int64_t done, int64_t total) { seen.insert(seen.end(), {done, total}); };
  ModelEmbedder first(std::make_shared<FakeBackbone>(), input, options), second = other_embedder(std::make_shared<FakeBackbone>(), 8);
  const auto found = evaluate_together({{{{"lfw", count}}, &first, "a"}, {{{"lfw", count}}, &second, "b"}});
  REQUIRE(found.size() == 2);
  CHECK(found[1][0].metrics.values[0].value == 6);
  CHECK(seen == std::vector<int64_t>{4, 6, 6, 6});

  const auto sick = std::make_shared<PlainBackbone>([](const Tensor& images) { return images.flatten(1).narrow(1, 0, 5) / 0; });
  ModelEmbedder broken = other_embedder(sick, 8);
  CHECK_THROWS_WITH_AS(evaluate_together({{{{"lfw", count}}, &first, "a"}, {{{"lfw", count}}, &broken, "b"}}),
                       "b: the embedding of image 0 \"face_0.png\" is not finite", Error);
  const auto wrong = std::make_shared<CountRows>(source, "pairs", "pair");
  CHECK_THROWS_WITH_AS(evaluate_together({{{{"lfw", count}}, &first, "a"}, {{{"lfw", wrong}}, &second, "b"}}),
                       "b: evaluator \"lfw\": no feature request is named \"pair\"; did you mean \"pairs\"?", Error);
}

}  // namespace
}  // namespace lafs
