#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "imaging/canvas.h"
#include "imaging/decode.h"
#include "imaging/rand_augment_ops.h"
#include "support/golden.h"

namespace {

using Json = nlohmann::json;
using lafs::imaging::AugmentOp;

/// The operations under the names that sets write, where a suffix says which table of arguments was used.
const std::map<std::string, AugmentOp>& published_ops() {
  static const std::map<std::string, AugmentOp> names{{"AutoContrast", AugmentOp::auto_contrast},
                                                      {"Equalize", AugmentOp::equalise},
                                                      {"Invert", AugmentOp::invert},
                                                      {"Rotate", AugmentOp::rotate},
                                                      {"Posterize", AugmentOp::posterise},
                                                      {"PosterizeIncreasing", AugmentOp::posterise},
                                                      {"ColorIncreasing", AugmentOp::colour},
                                                      {"ContrastIncreasing", AugmentOp::contrast},
                                                      {"BrightnessIncreasing", AugmentOp::brightness},
                                                      {"SharpnessIncreasing", AugmentOp::sharpness},
                                                      {"ShearX", AugmentOp::shear_x},
                                                      {"ShearY", AugmentOp::shear_y},
                                                      {"TranslateXRel", AugmentOp::translate_x},
                                                      {"TranslateYRel", AugmentOp::translate_y}};
  return names;
}

AugmentOp op_of(const std::string& name) {
  const auto found = published_ops().find(name);
  REQUIRE_MESSAGE(found != published_ops().end(), "no operation is called \"" << name << "\"");
  return found->second;
}

/// Whether an entry is an operation of RandAugment, by its name or by what it does.
bool is_ours(const std::string& name, const Json& entry) {
  return name.rfind("ra_", 0) == 0 || published_ops().count(entry["op"].get<std::string>()) > 0;
}

double argument_in(const Json& entry) {
  for (const char* key : {"argument", "factor", "bits"}) {
    if (entry.contains(key)) return entry[key];
  }
  return 0;
}

lafs::imaging::TransformFilter filter_in(const Json& entry) {
  const std::string filter = entry.value("filter", "bilinear");
  const bool known = filter == "bilinear" || filter == "bicubic";
  REQUIRE_MESSAGE(known, "no filter is called \"" << filter << "\"");
  if (entry.contains("fill")) CHECK(entry["fill"] == Json({128, 128, 128}));
  return filter == "bicubic" ? lafs::imaging::TransformFilter::bicubic : lafs::imaging::TransformFilter::bilinear;
}

lafs::Image stored(const lafs::formats::SafetensorsReader& tensors, const std::string& name) {
  const auto* info = tensors.find(name);
  REQUIRE_MESSAGE(info != nullptr, name);
  REQUIRE(info->shape.size() == 3);
  const auto raw = tensors.bytes(*info);
  const auto* from = reinterpret_cast<const uint8_t*>(raw.data());
  return lafs::imaging::image_of(info->shape[0], info->shape[1], std::vector<uint8_t>(from, from + raw.size()));
}

/// Bytes that differ after the entry's operation.
int64_t differences(const lafs::formats::SafetensorsReader& tensors, const std::string& name, const Json& entry) {
  const Json& source = entry["image"];
  const lafs::Image in = stored(tensors, source.is_string() ? source.get<std::string>() : "image" + std::to_string(source.get<int>()));
  const lafs::Image expected = stored(tensors, name);
  lafs::imaging::Canvas canvas;
  canvas.load(in);
  lafs::imaging::apply(canvas, op_of(entry["op"]), argument_in(entry), filter_in(entry));
  REQUIRE(canvas.height() == expected.height);
  REQUIRE(canvas.width() == expected.width);
  std::vector<uint8_t> got(static_cast<size_t>(expected.size()));
  canvas.store(got);
  int64_t different = 0;
  for (size_t i = 0; i < got.size(); ++i) different += got[i] != expected.bytes.get()[i];
  return different;
}

}  // namespace

TEST_SUITE("randaugment") {
  namespace {  // suites of several files share a name of doctest's making
  TEST_CASE("randaugment: every operation equals Pillow's byte for byte") {
    if (!lafs::test::golden_ready("randaugment", {"augment.json", "augment.safetensors"})) return;
    const Json all = lafs::test::golden_json("augment.json");
    const lafs::formats::SafetensorsReader tensors(lafs::test::golden_file("augment.safetensors").string());
    std::map<AugmentOp, int> compared;
    for (const auto& [name, entry] : all["ops"].items()) {
      if (!is_ours(name, entry)) continue;
      CHECK_MESSAGE(differences(tensors, name, entry) == 0, name);
      ++compared[op_of(entry["op"])];
    }
    for (const auto& named : lafs::imaging::augment_ops()) CHECK_MESSAGE(compared[named.op] > 0, named.name);
  }

  TEST_CASE("randaugment: every level has the reference's argument with either sign") {
    if (!lafs::test::golden_ready("randaugment", {"augment.json"})) return;
    const Json all = lafs::test::golden_json("augment.json");
    int compared = 0;
    for (const auto& [name, rows] : all["randaugment_level_to_argument"].items()) {
      if (name == "rows") continue;  // says what a row holds
      const AugmentOp op = op_of(name);
      CAPTURE(name);
      for (const Json& row : rows) {
        const double level = row[0];
        CHECK(lafs::imaging::argument_of(op, level, /*increasing=*/true, /*negative=*/false) == row[1].get<double>());
        CHECK(lafs::imaging::argument_of(op, level, /*increasing=*/true, /*negative=*/lafs::imaging::has_sign(op, true)) ==
              row[2].get<double>());
        ++compared;
      }
    }
    MESSAGE("compared ", compared, " levels");
    CHECK(compared > 0);
  }
  }  // namespace
}
