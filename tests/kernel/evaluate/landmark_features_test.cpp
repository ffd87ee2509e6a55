#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <limits>

#include "kernel/evaluate/embedder.h"
#include "kernel/evaluate/fakes.h"

namespace lafs {
namespace {

using test::FakeBackbone;
using test::FakeSource;
using test::PlainBackbone;

/// Three landmarks that say which picture it is, beside embeddings.
class LandmarkedBackbone final : public Backbone, public Landmarked {
 public:
  std::shared_ptr<torch::nn::Module> module() override { return nullptr; }
  int64_t embed_dim() const override { return 5; }
  Tensor forward(const Tensor& images, const Pass&) override { return at::ones({images.size(0), 5}); }
  int64_t landmark_count() const override { return 3; }
  Tensor landmarks(const Tensor& images, const Pass& pass) override {
    if (pass.training || pass.draws || at::GradMode::is_enabled()) throw Error("not in evaluation mode");
    ++calls;
    const Tensor mark = images.flatten(1).sum(1).view({-1, 1, 1}) * scale;
    return at::arange(6).view({1, 3, 2}) + mark;
  }

  double scale = 1;
  int64_t calls = 0;
};

ModelEmbedder embedder_of(std::shared_ptr<Backbone> backbone) {
  InputContract input;
  input.height = input.width = 8;
  EmbedderOptions options;
  options.batch = 4;
  return ModelEmbedder(std::move(backbone), input, options);
}

FeatureRequest asked(std::shared_ptr<const DataSource> source) {
  return {.name = "points", .source = std::move(source), .flip = "none", .landmarks = true};
}

TEST_CASE("embedder: landmarks are x and y of each, in the order of the indices, beside embeddings of the same pictures") {
  const auto source = std::make_shared<FakeSource>(7);
  const auto network = std::make_shared<LandmarkedBackbone>();
  FeatureRequest some = asked(source);
  some.indices = std::vector<int64_t>{6, 2, 6};
  ModelEmbedder embedder = embedder_of(network);
  const auto features = embedder.embed({some, {.name = "rows", .source = source, .flip = "both"}});
  const FeatureMatrix points = features->of("points");
  CHECK(points.rows == 3);
  CHECK(points.width == 6);
  CHECK(points.row(0)[5] - points.row(0)[0] == doctest::Approx(5));
  CHECK(points.row(0)[0] == points.row(2)[0]);
  CHECK(points.row(0)[0] != points.row(1)[0]);
  CHECK(features->of("rows").width == 10);
  for (int64_t i = 0; i < 7; ++i) CHECK(source->times_decoded(i) == 1);
  const int64_t together = network->calls;
  embedder.embed({{.name = "rows", .source = source, .flip = "none"}});
  CHECK(network->calls == together);
}

TEST_CASE("embedder: landmarks that cannot be had are an error that says what is missing") {
  const auto source = std::make_shared<FakeSource>(3);
  CHECK_THROWS_WITH_AS(embedder_of(std::make_shared<FakeBackbone>()).embed({asked(source)}),
                       "request \"points\" asks for landmarks, but the backbone finds none: evaluate one that does, such as \"part_fvit\"",
                       Error);
  CHECK_THROWS_WITH_AS(embedder_of(nullptr).embed({asked(source)}), "request \"points\" asks for landmarks, but there is no backbone",
                       Error);
  const auto network = std::make_shared<LandmarkedBackbone>();
  FeatureRequest mirrored = asked(source), grey = asked(source);
  mirrored.flip = "sum";
  grey.pixels = true;
  CHECK_THROWS_WITH_AS(embedder_of(network).embed({mirrored}),
                       "request \"points\": landmarks are of the picture alone: flip must be \"none\"", Error);
  CHECK_THROWS_WITH_AS(embedder_of(network).embed({grey}), "request \"points\": landmarks, or another feature, but not both", Error);
  network->scale = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH_AS(embedder_of(network).embed({asked(source)}), "the landmarks of image 0 \"face_0.png\" are not finite", Error);
}

}  // namespace
}  // namespace lafs
