#include "kernel/evaluate/embedder.h"

#include <doctest/doctest.h>

#include <limits>
#include <numeric>

#include "kernel/data/pixels.h"
#include "kernel/evaluate/fakes.h"

namespace lafs {
namespace {

using test::FakeBackbone;
using test::FakeSource;
using test::PlainBackbone;

InputContract small() {
  InputContract input;
  input.height = input.width = 8;
  return input;
}

EmbedderOptions options(int64_t batch, int64_t threads) {
  EmbedderOptions out;
  out.batch = batch;
  out.threads = threads;
  return out;
}

FeatureRequest request(const std::string& name, std::shared_ptr<const DataSource> source, const std::string& flip = "contract") {
  FeatureRequest out;
  out.name = name;
  out.source = std::move(source);
  out.flip = flip;
  return out;
}

std::vector<float> values(const Features& features, std::string_view name) {
  const auto all = features.of(name).values;
  return {all.begin(), all.end()};
}

/// What the network says of one picture, alone in a batch.
at::Tensor by_hand(const FakeSource& source, int64_t index, bool mirror, FakeBackbone& network) {
  const at::NoGradGuard no_grad;
  const Image image = source.get(index).image;
  const at::Tensor bytes = at::from_blob(const_cast<uint8_t*>(image.bytes.get()), {1, 8, 8, 3}, at::kByte);
  const at::Tensor images = to_network(bytes, small(), at::kCPU);
  return network.forward(mirror ? mirrored(images) : images, {})[0];
}

at::Tensor row(const Features& features, std::string_view name, int64_t r) {
  const auto one = features.of(name).row(r);
  return at::tensor(at::ArrayRef<float>(one.data(), one.size()));
}

TEST_CASE("embedder: each flip rule gives its rows, in the order of the indices") {
  const auto source = std::make_shared<FakeSource>(7);
  const auto network = std::make_shared<FakeBackbone>();
  std::vector<FeatureRequest> wanted;
  for (const std::string flip : {"contract", "sum", "none", "both"}) {
    wanted.push_back(request(flip, source, flip));
    wanted.back().indices = std::vector<int64_t>{5, 0, 5, 3};
  }
  const auto features = ModelEmbedder(network, small(), options(4, 2)).embed(wanted);
  for (int64_t r = 0; r < 4; ++r) {
    const int64_t index = (*wanted[0].indices)[static_cast<size_t>(r)];
    const at::Tensor own = by_hand(*source, index, false, *network), mirror = by_hand(*source, index, true, *network);
    CHECK(at::allclose(row(*features, "none", r), own, 1e-5, 1e-6));
    CHECK(at::allclose(row(*features, "sum", r), own + mirror, 1e-5, 1e-6));
    CHECK(at::equal(row(*features, "contract", r), row(*features, "sum", r)));
    CHECK(at::allclose(row(*features, "both", r), at::cat({own, mirror}), 1e-5, 1e-6));
  }
  CHECK(features->of("both").width == 10);
  CHECK(features->of("both").rows == 4);
}

TEST_CASE("embedder: a picture that several requests want is decoded once") {
  const auto source = std::make_shared<FakeSource>(23);
  FeatureRequest some = request("some", source, "none"), grey = request("grey", source, "none");
  some.indices = std::vector<int64_t>{3, 4, 3};
  grey.pixels = true;
  ModelEmbedder(std::make_shared<FakeBackbone>(), small(), options(4, 3)).embed({request("all", source), some, grey});
  for (int64_t i = 0; i < 23; ++i) CHECK(source->times_decoded(i) == 1);
}

TEST_CASE("embedder: rows depend neither on threads nor on who asks beside them") {
  const auto source = std::make_shared<FakeSource>(41);
  const auto other = std::make_shared<FakeSource>(9, 12);
  const auto network = std::make_shared<FakeBackbone>();
  const auto alone = ModelEmbedder(network, small(), options(8, 1)).embed({request("a", source)});
  FeatureRequest some = request("some", source, "none");
  some.indices = std::vector<int64_t>{40, 7};
  const auto beside = ModelEmbedder(network, small(), options(8, 5)).embed({request("b", other), some, request("a", source)});
  CHECK(values(*alone, "a") == values(*beside, "a"));
  for (const int64_t rows : network->batches) CHECK(rows == 8);
}

TEST_CASE("embedder: class tokens are rows of the last blocks, the earliest first") {
  const auto source = std::make_shared<FakeSource>(3);
  FeatureRequest tokens = request("tokens", source, "none");
  tokens.class_tokens = 2;
  const auto features =
      ModelEmbedder(std::make_shared<FakeBackbone>(), small(), options(2, 1)).embed({tokens, request("plain", source, "none")});
  CHECK(features->of("tokens").width == 10);
  const at::Tensor plain = row(*features, "plain", 2);
  CHECK(at::allclose(row(*features, "tokens", 2), at::cat({plain, plain * 2})));
}

TEST_CASE("embedder: the mean patch token stands behind the class tokens, and beside requests without it") {
  const auto source = std::make_shared<FakeSource>(3);
  FeatureRequest with = request("with", source, "sum"), without = request("without", source, "sum");
  with.class_tokens = without.class_tokens = 1;
  with.mean_patch = true;
  const auto features = ModelEmbedder(std::make_shared<FakeBackbone>(), small(), options(2, 1)).embed({with, without});
  CHECK(features->of("with").width == 10);
  CHECK(features->of("without").width == 5);
  const at::Tensor plain = row(*features, "without", 1);
  CHECK(at::equal(row(*features, "with", 1), at::cat({plain, -plain})));
}

TEST_CASE("embedder: grey pixels need no backbone, and lie in [0, 1]") {
  const auto source = std::make_shared<FakeSource>(3);
  FeatureRequest grey = request("grey", source, "none");
  grey.pixels = true;
  const auto features = ModelEmbedder(nullptr, small(), options(2, 1)).embed({grey});
  CHECK(features->of("grey").width == 64);
  const Image image = source->get(1).image;
  for (int64_t i = 0; i < 64; ++i) {
    const uint8_t* p = image.bytes.get() + i * 3;
    CHECK(features->of("grey").row(1)[static_cast<size_t>(i)] == doctest::Approx((0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]) / 255));
  }
}

TEST_CASE("embedder: pictures of another size are fitted to the contract") {
  const auto features =
      ModelEmbedder(std::make_shared<FakeBackbone>(), small(), options(2, 1)).embed({request("a", std::make_shared<FakeSource>(2, 20))});
  CHECK(features->of("a").rows == 2);
}

TEST_CASE("embedder: progress counts pictures up to their number") {
  EmbedderOptions with = options(4, 2);
  std::vector<int64_t> seen;
  with.progress = [&](int64_t done, int64_t total) {
    CHECK(total == 10);
    seen.push_back(done);
  };
  ModelEmbedder(std::make_shared<FakeBackbone>(), small(), with).embed({request("a", std::make_shared<FakeSource>(10))});
  CHECK(seen == std::vector<int64_t>{4, 8, 10});
}

TEST_CASE("embedder: bf16 rounds, and comes back as float32") {
  const auto source = std::make_shared<FakeSource>(3);
  EmbedderOptions half = options(4, 1);
  half.precision = "bf16";
  const auto network = std::make_shared<FakeBackbone>();
  const auto rough = ModelEmbedder(network, small(), half).embed({request("a", source)});
  const auto exact = ModelEmbedder(network, small(), options(4, 1)).embed({request("a", source)});
  CHECK(values(*rough, "a") != values(*exact, "a"));
  CHECK(at::allclose(row(*rough, "a", 1), row(*exact, "a", 1), 0.05, 0.1));
  half.precision = "fp64";
  CHECK_THROWS_WITH_AS(ModelEmbedder(network, small(), half), "precision = \"fp64\" is not a choice; did you mean \"fp32\"?", Error);
}

TEST_CASE("embedder: the first damaged picture in order is named, however many threads decode") {
  const auto source = std::make_shared<FakeSource>(30);
  source->broken = 17;
  source->named_broken = 18;
  ModelEmbedder embedder(std::make_shared<FakeBackbone>(), small(), options(4, 6));
  CHECK_THROWS_WITH_AS(embedder.embed({request("a", source)}), "image 17 \"face_17.png\": the file ends early", Error);
  source->broken = -1;
  CHECK_THROWS_WITH_AS(embedder.embed({request("a", source)}), "face_18.png: the file ends early", Error);
}

TEST_CASE("embedder: an embedding that is not finite names its picture, and the mirror its own") {
  const auto source = std::make_shared<FakeSource>(6);
  const auto network = std::make_shared<PlainBackbone>([](const at::Tensor& images) {
    at::Tensor out = at::zeros({images.size(0), 5});
    out[2][3] = std::numeric_limits<float>::infinity();
    return out;
  });
  CHECK_THROWS_WITH_AS(ModelEmbedder(network, small(), options(4, 1)).embed({request("a", source)}),
                       "the embedding of image 2 \"face_2.png\" is not finite", Error);
  const auto lopsided = std::make_shared<PlainBackbone>(
      [calls = 0](const at::Tensor& images) mutable { return at::full({images.size(0), 5}, ++calls == 2 ? std::nan("") : 1.0); });
  CHECK_THROWS_WITH_AS(ModelEmbedder(lopsided, small(), options(4, 1)).embed({request("a", source)}),
                       "the embedding of the mirror of image 0 \"face_0.png\" is not finite", Error);
}

TEST_CASE("embedder: a network of another width is refused") {
  const auto network = std::make_shared<PlainBackbone>([](const at::Tensor& images) { return at::zeros({images.size(0), 4}); });
  CHECK_THROWS_WITH_AS(ModelEmbedder(network, small(), options(4, 1)).embed({request("a", std::make_shared<FakeSource>(6))}),
                       "the backbone returned [4,4], expected [4,5]", Error);
}

TEST_CASE("embedder: requests that cannot be served are told apart") {
  const auto source = std::make_shared<FakeSource>(6);
  ModelEmbedder embedder(std::make_shared<PlainBackbone>([](const at::Tensor& images) { return at::zeros({images.size(0), 5}); }), small(),
                         options(4, 1));
  CHECK_THROWS_WITH_AS(embedder.embed({request("a", source), request("a", source)}), "two feature requests are named \"a\"", Error);
  CHECK_THROWS_WITH_AS(embedder.embed({request("a", nullptr)}), "request \"a\": has no data source", Error);
  CHECK_THROWS_WITH_AS(embedder.embed({request("a", source, "summ")}),
                       "request \"a\": flip = \"summ\" is not a choice; did you mean \"sum\"?", Error);
  FeatureRequest far = request("a", source);
  far.indices = std::vector<int64_t>{0, 6};
  CHECK_THROWS_WITH_AS(embedder.embed({far}), "request \"a\": index 6 is outside [0, 6)", Error);
  FeatureRequest tokens = request("a", source);
  tokens.mean_patch = true;
  CHECK_THROWS_WITH_AS(embedder.embed({tokens}),
                       "request \"a\": the mean of patch tokens stands beside class tokens, and none are asked for", Error);
  tokens.class_tokens = 4;
  CHECK_THROWS_WITH_AS(embedder.embed({tokens}), "class tokens of the last 4 blocks were asked for, but the backbone shows none", Error);
  CHECK_THROWS_WITH_AS(ModelEmbedder(nullptr, small(), options(4, 1)).embed({request("a", source)}),
                       "embeddings were asked for, but there is no backbone", Error);
  CHECK_THROWS_WITH_AS(embedder.embed({request("pairs", source)})->of("pair"),
                       "no feature request is named \"pair\"; did you mean \"pairs\"?", Error);
}

}  // namespace
}  // namespace lafs
