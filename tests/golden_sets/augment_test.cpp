#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "imaging/canvas.h"
#include "imaging/decode.h"
#include "imaging/tensor_ops.h"
#include "support/skip.h"

namespace {

using Json = nlohmann::json;

std::filesystem::path golden_folder() {
  const char* elsewhere = std::getenv("LAFS_GOLDEN_DIR");
  return elsewhere ? elsewhere : LAFS_TEST_GOLDEN;
}

bool begins(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

/// A [H,W,3] tensor, or [3,H,W] turned into it.
lafs::Image picture(const lafs::formats::SafetensorsReader& file, const std::string& name, bool chw) {
  const auto* info = file.find(name);
  REQUIRE_MESSAGE(info != nullptr, name);
  const auto raw = file.bytes(*info);
  const auto* from = reinterpret_cast<const uint8_t*>(raw.data());
  const int64_t height = info->shape[chw ? 1 : 0], width = info->shape[chw ? 2 : 1];
  std::vector<uint8_t> bytes(from, from + raw.size());
  if (chw) {
    for (int64_t i = 0; i < height * width; ++i) {
      for (int64_t c = 0; c < 3; ++c) bytes[static_cast<size_t>(i * 3 + c)] = from[c * height * width + i];
    }
  }
  return lafs::imaging::image_of(height, width, std::move(bytes));
}

lafs::imaging::Box box_of(const Json& entry) { return {entry["top"], entry["left"], entry["height"], entry["width"]}; }

/// What the entry's operation makes of the picture, at the size of the expected one.
std::vector<uint8_t> result(const Json& entry, const lafs::Image& in, const lafs::Image& expected) {
  const std::string op = entry["op"];
  std::vector<uint8_t> out(in.bytes.get(), in.bytes.get() + in.size());
  if (begins(op, "tensor crop")) {
    out.resize(static_cast<size_t>(expected.size()));
    lafs::imaging::crop_resize_bilinear(in, box_of(entry), expected.height, expected.width, out);
  } else if (begins(op, "tensor brightness")) {
    lafs::imaging::adjust_brightness(out, entry["factor"]);
  } else if (begins(op, "tensor contrast")) {
    lafs::imaging::adjust_contrast(out, entry["factor"]);
  } else if (begins(op, "tensor saturation")) {
    lafs::imaging::adjust_saturation(out, entry["factor"]);
  } else if (begins(op, "tensor hue")) {
    const bool later = op.find("255.999") != std::string::npos;
    lafs::imaging::adjust_hue(out, entry["shift"], later ? lafs::imaging::HueRule::times_255_999 : lafs::imaging::HueRule::times_255);
  } else if (begins(op, "erase")) {
    lafs::imaging::erase(out, in.width, box_of(entry), entry.value("value", uint8_t{0}));
  } else {
    FAIL("no rule for \"" << op << "\"");
  }
  return out;
}

/// One named step on a canvas: a step of a `lafs_view` sequence, or an operation of its own.
void apply(lafs::imaging::Canvas& canvas, const std::string& step, const Json& argument) {
  if (step == "flip") return canvas.mirror();
  if (step == "brightness") return canvas.brightness(argument);
  if (step == "contrast") return canvas.contrast(argument);
  if (step == "saturation") return canvas.saturation(argument);
  if (step == "hue") return canvas.hue(argument);
  if (step == "grey") return canvas.grey();
  if (step == "blur") return canvas.blur(argument);
  if (step == "solarize") return canvas.solarise();
  FAIL("no rule for the step \"" << step << "\"");
}

/// The operations whose name alone says the step, by the beginning of the entry's text.
const std::vector<std::array<std::string, 3>>& single_steps() {
  static const std::vector<std::array<std::string, 3>> steps{{"mirror columns", "flip", ""},     {"brightness", "brightness", "factor"},
                                                             {"contrast", "contrast", "factor"}, {"saturation", "saturation", "factor"},
                                                             {"hue", "hue", "factor"},           {"luma", "grey", ""},
                                                             {"Gaussian", "blur", "radius"},     {"solarise", "solarize", ""}};
  return steps;
}

/// What Pillow's chain makes of the picture; false where the entry is of another family.
bool drawn(const Json& entry, const lafs::Image& in, lafs::imaging::Canvas& canvas) {
  const std::string op = entry["op"];
  canvas.load(in);
  if (begins(op, "crop then antialiased")) {
    const auto kernel =
        op.find("bilinear") != std::string::npos ? lafs::imaging::ResampleFilter::triangle : lafs::imaging::ResampleFilter::cubic;
    canvas.crop_resize(in, box_of(entry), kernel, entry["size"], entry["size"]);
    return true;
  }
  if (begins(op, "shorter side to 96")) {
    canvas.crop_resize(in, {0, 0, in.height, in.width}, lafs::imaging::ResampleFilter::cubic, 96, 96);
    std::vector<uint8_t> bytes(96 * 96 * 3);
    canvas.store(bytes);
    canvas.crop_resize(lafs::imaging::image_of(96, 96, std::move(bytes)), {6, 6, 84, 84}, lafs::imaging::ResampleFilter::cubic, 84, 84);
    return true;
  }
  if (begins(op, "colour jitter")) {
    static const std::array<std::string, 4> steps{"brightness", "contrast", "saturation", "hue"};
    for (const size_t step : entry["order"]) apply(canvas, steps.at(step), entry["factors"][step]);
    return true;
  }
  if (op == "sequence") {
    const Json& steps = entry["steps"];
    const Json& box = steps[0][1];
    const bool mirrored = steps.size() > 1 && steps[1][0] == "flip";
    canvas.crop_resize(in, {box[0], box[1], box[2], box[3]}, lafs::imaging::ResampleFilter::cubic, box[4], box[4], mirrored);
    for (size_t i = mirrored ? 2 : 1; i < steps.size(); ++i) apply(canvas, steps[i][0], steps[i][1]);
    return true;
  }
  for (const auto& [text, step, argument] : single_steps()) {
    if (!begins(op, text)) continue;
    apply(canvas, step, argument.empty() ? Json() : entry[argument]);
    return true;
  }
  return false;
}

/// The golden files, or nothing where one is absent.
struct Golden {
  Json all;
  lafs::formats::SafetensorsReader tensors;
};
std::unique_ptr<Golden> open_golden() {
  const std::filesystem::path json_file = golden_folder() / "augment.json", tensor_file = golden_folder() / "augment.safetensors";
  for (const auto& file : {json_file, tensor_file}) {
    if (std::filesystem::exists(file)) continue;
    lafs::test::skip("golden.augment: " + file.string() + " is absent");
    return nullptr;
  }
  lafs::test::runs();
  return std::unique_ptr<Golden>(new Golden{Json::parse(std::ifstream(json_file)), lafs::formats::SafetensorsReader(tensor_file.string())});
}

lafs::Image input_of(const Golden& golden, const Json& entry) {
  const Json& source = entry["image"];
  return picture(golden.tensors, source.is_string() ? source.get<std::string>() : "image" + std::to_string(source.get<int>()), false);
}

int64_t differences(const std::vector<uint8_t>& got, const lafs::Image& expected) {
  REQUIRE(static_cast<int64_t>(got.size()) == expected.size());
  int64_t different = 0;
  for (size_t i = 0; i < got.size(); ++i) different += got[i] != expected.bytes.get()[i];
  return different;
}

}  // namespace

TEST_SUITE("augment") {
  namespace {  // suites of several files share a name of doctest's making
  TEST_CASE("augment: the tensor transforms equal the reference byte for byte") {
    const auto golden = open_golden();
    if (!golden) return;
    int compared = 0;
    for (const auto& [name, entry] : golden->all["ops"].items()) {
      const std::string op = entry["op"];
      if (!begins(op, "tensor") && !begins(op, "erase")) continue;
      const lafs::Image expected = picture(golden->tensors, name, entry.value("layout", "HWC") == "CHW");
      CHECK_MESSAGE(differences(result(entry, input_of(*golden, entry), expected), expected) == 0, name);
      ++compared;
    }
    MESSAGE("compared ", compared, " outputs");
    CHECK(compared > 0);
  }

  TEST_CASE("augment: the operations and view chains of self-supervision equal Pillow byte for byte") {
    const auto golden = open_golden();
    if (!golden) return;
    lafs::imaging::Canvas canvas;
    int operations = 0, chains = 0;
    for (const auto& [name, entry] : golden->all["ops"].items()) {
      if (!entry.contains("image") || begins(name, "tensor") || begins(name, "ra_")) continue;
      if (!drawn(entry, input_of(*golden, entry), canvas)) continue;
      const lafs::Image expected = picture(golden->tensors, name, false);
      std::vector<uint8_t> got(static_cast<size_t>(canvas.height() * canvas.width() * 3));
      canvas.store(got);
      CHECK_MESSAGE(differences(got, expected) == 0, name);
      (begins(name, "lafs_view") ? chains : operations) += 1;
    }
    MESSAGE("compared ", operations, " operations and ", chains, " view chains");
    CHECK(operations == 30);
    CHECK(chains == 12);
  }
  }  // namespace
}
