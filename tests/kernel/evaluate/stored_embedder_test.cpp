#include "kernel/evaluate/stored_embedder.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "fakes.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

namespace lafs::test {
namespace {

template <typename T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

std::vector<float> counted(int64_t rows, int64_t width) {
  std::vector<float> values;
  for (int64_t i = 0; i < rows * width; ++i) values.push_back(0.5f * static_cast<float>(i) - 3);
  return values;
}

FeatureRequest request(const std::shared_ptr<const DataSource>& source, const std::string& flip = "none") {
  return {.name = "all", .source = source, .indices = std::nullopt, .flip = flip};
}

StoredEmbedder embedder(const std::filesystem::path& file) { return {file, InputContract{.height = 8, .width = 8}, {}}; }

TEST_CASE("stored features: rows of npy and of safetensors, whole and chosen") {
  const ScratchFolder folder;
  const auto values = counted(4, 6);
  formats::write_npy(folder / "f.npy", "F32", {4, 6}, bytes_of(values));
  formats::write_safetensors(folder / "f.safetensors", {{"features", "F32", {4, 6}, bytes_of(values)}});
  const auto source = std::make_shared<FakeSource>(4);
  for (const char* name : {"f.npy", "f.safetensors"}) {
    CHECK(holds_features(folder / name));
    FeatureRequest some = request(source);
    some.name = "some";
    some.indices = std::vector<int64_t>{3, 0, 3};
    const auto features = embedder(folder / name).embed({request(source), some});
    CHECK(std::vector<float>(features->of("all").values.begin(), features->of("all").values.end()) == values);
    REQUIRE(features->of("some").rows == 3);
    CHECK(features->of("some").row(0)[0] == values[18]);
    CHECK(features->of("some").row(1)[5] == values[5]);
  }
  CHECK(source->times_decoded(0) == 0);
}

TEST_CASE("stored features: other precisions become float32") {
  const ScratchFolder folder;
  const std::vector<double> wide{1.5, -2.25, 0.1, 7};
  formats::write_npy(folder / "wide.npy", "F64", {2, 2}, bytes_of(wide));
  const std::vector<uint16_t> half{0x3c00, 0xc000, 0x0001, 0x7bff};  // 1, -2, 2^-24, 65504
  formats::write_npy(folder / "half.npy", "F16", {2, 2}, bytes_of(half));
  const auto of = [&](const char* name) {
    const FeatureRows rows(folder / name);
    return std::vector<float>(rows.matrix().values.begin(), rows.matrix().values.end());
  };
  CHECK(of("wide.npy") == std::vector<float>{1.5f, -2.25f, 0.1f, 7});
  CHECK(of("half.npy") == std::vector<float>{1, -2, std::ldexp(1.0f, -24), 65504});
}

TEST_CASE("stored features: rows of picture and mirror serve every request for them") {
  const ScratchFolder folder;
  const std::string file = (folder / "f.npy").string();
  formats::write_npy(file, "F32", {2, 4}, bytes_of(std::vector<float>{1, 2, 10, 20, 3, 4, 30, 40}));
  write_bytes(file + ".json", R"({"flip": "both"})");
  const auto source = std::make_shared<FakeSource>(2);
  const auto rows = [&](const std::string& flip) {
    const auto features = embedder(file).embed({request(source, flip)});
    const FeatureMatrix matrix = features->of("all");
    return std::vector<float>(matrix.values.begin(), matrix.values.end());
  };
  CHECK(rows("both") == std::vector<float>{1, 2, 10, 20, 3, 4, 30, 40});
  CHECK(rows("none") == std::vector<float>{1, 2, 3, 4});
  CHECK(rows("sum") == std::vector<float>{11, 22, 33, 44});
}

TEST_CASE("stored features: pixels come from the pictures") {
  const ScratchFolder folder;
  formats::write_npy(folder / "f.npy", "F32", {3, 2}, bytes_of(counted(3, 2)));
  const auto source = std::make_shared<FakeSource>(3);
  FeatureRequest pixels = request(source);
  pixels.pixels = true;
  const auto features = embedder(folder / "f.npy").embed({pixels});
  CHECK(features->of("all").width == 64);
  CHECK(source->times_decoded(2) == 1);
}

TEST_CASE("stored features: errors") {
  const ScratchFolder folder;
  const std::string file = (folder / "f.npy").string();
  formats::write_npy(file, "F32", {3, 5}, bytes_of(counted(3, 5)));
  const auto three = std::make_shared<FakeSource>(3);
  CHECK(error_of([&] { embedder(file).embed({request(std::make_shared<FakeSource>(4))}); }) ==
        "\"" + file + "\" has 3 rows, and the data source 4 pictures");
  CHECK(error_of([&] { embedder(file).embed({request(three, "both")}); }) ==
        "\"all\" wants the features of a picture and of its mirror, and \"" + file +
            "\" does not say that a row is both; if it is, write " + R"({"flip": "both"})" + " into \"" + file + ".json\"");
  write_bytes(file + ".json", R"({"flip": "both"})");
  CHECK(error_of([&] { embedder(file).embed({request(three, "both")}); }) ==
        "rows of \"" + file + "\" have 5 numbers, which are not a picture's and as many of its mirror's");
  std::filesystem::remove(file + ".json");
  FeatureRequest other = request(std::make_shared<FakeSource>(3, /*side=*/8, "other"));
  other.name = "bank";
  CHECK(error_of([&] { embedder(file).embed({request(three), other}); }) ==
        "\"" + file +
            "\" holds the features of one set of pictures, and \"bank\" asks for those of another set too; a model can compute both");
  FeatureRequest tokens = request(three);
  tokens.class_tokens = 2;
  CHECK(error_of([&] { embedder(file).embed({tokens}); }) ==
        "\"" + file + "\" holds embeddings; \"all\" asks for class tokens, which a model must compute");
  FeatureRequest landmarks = request(three);
  landmarks.landmarks = true;
  CHECK(error_of([&] { embedder(file).embed({landmarks}); }) ==
        "\"" + file + "\" holds embeddings; \"all\" asks for landmarks, which a model must compute");
  CHECK(error_of([&] { embedder(file).embed({request(three)})->of("al"); }) == "no feature request is named \"al\"; did you mean \"all\"?");

  auto spoilt = counted(3, 4);
  spoilt[5] = std::numeric_limits<float>::quiet_NaN();
  formats::write_npy(file, "F32", {3, 4}, bytes_of(spoilt));
  CHECK(error_of([&] { embedder(file).embed({request(three)}); }) == "row 1 of \"" + file + "\", picture \"face_1.png\", is not finite");

  formats::write_npy(file, "F32", {3, 4}, bytes_of(counted(3, 4)));
  write_bytes(file + ".json", R"({"flip": "sum"})");
  CHECK(error_of([&] { embedder(file).embed({request(three, "both")}); }) ==
        "\"" + file + "\" was written with flip \"sum\"; \"all\" wants picture and mirror: lafs embed --flip both");

  formats::write_npy(file, "F32", {6}, bytes_of(counted(1, 6)));
  CHECK(error_of([&] { FeatureRows rows(file); }) ==
        "\"" + file + "\" holds F32 of 1 dimensions; features are a matrix with a row for each picture");
  const std::vector<int64_t> whole{1, 2};
  formats::write_npy(file, "I64", {1, 2}, bytes_of(whole));
  CHECK(error_of([&] { FeatureRows rows(file); }) == "\"" + file + "\" holds I64; features are real numbers: F32, F64, F16 or BF16");
  const std::string two = (folder / "two.safetensors").string();
  const std::vector<float> one{1};
  formats::write_safetensors(two, {{"a", "F32", {1}, bytes_of(one)}, {"b", "F32", {1}, bytes_of(one)}});
  CHECK(error_of([&] { FeatureRows rows(two); }) == "\"" + two + "\" has 2 tensors and none is named \"features\"");
  CHECK_FALSE(holds_features(two));
  formats::write_safetensors(two, {{"a", "F32", {1, 1}, bytes_of(one)}});
  CHECK(holds_features(two));
}

}  // namespace
}  // namespace lafs::test
