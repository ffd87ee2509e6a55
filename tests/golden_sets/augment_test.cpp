#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "imaging/canvas.h"
#include "imaging/decode.h"
#include "imaging/tensor_ops.h"
#include "lafs/input.h"
#include "support/golden.h"

namespace {

using Json = nlohmann::json;

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

/// The steps under every name that sets write them: in a view chain, and, by the beginning of its text, as an operation of its own.
const std::map<std::string, std::vector<std::string>>& names_of_steps() {
  static const std::map<std::string, std::vector<std::string>> names{{"flip", {"flip", "hflip", "mirror"}},
                                                                     {"brightness", {"brightness"}},
                                                                     {"contrast", {"contrast"}},
                                                                     {"saturation", {"saturation"}},
                                                                     {"hue", {"hue"}},
                                                                     {"grey", {"grey", "gray", "luma"}},
                                                                     {"blur", {"blur", "Gaussian"}},
                                                                     {"solarise", {"solarise", "solarize"}}};
  return names;
}

/// Our name of a step; empty where there is none.
std::string step_named(const std::string& text) {
  for (const auto& [step, names] : names_of_steps()) {
    for (const std::string& name : names) {
      if (begins(text, name)) return step;
    }
  }
  return "";
}

/// One step on a canvas. An argument `false` says that the step was not taken.
void apply(lafs::imaging::Canvas& canvas, const std::string& name, const Json& argument) {
  const std::string step = step_named(name);
  if (argument == false) return;
  if (step == "flip") return canvas.mirror();
  if (step == "brightness") return canvas.brightness(argument);
  if (step == "contrast") return canvas.contrast(argument);
  if (step == "saturation") return canvas.saturation(argument);
  if (step == "hue") return canvas.hue(argument);
  if (step == "grey") return canvas.grey();
  if (step == "blur") return canvas.blur(argument);
  if (step == "solarise") return argument.is_number() ? canvas.solarise(argument) : canvas.solarise();
  FAIL("no rule for the step \"" << name << "\"");
}

/// The whole numbers in a text, in their order.
std::vector<int64_t> numbers_in(const std::string& text) {
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!std::isdigit(static_cast<unsigned char>(text[i]))) continue;
    size_t digits = 0;
    numbers.push_back(std::stoll(text.substr(i), &digits));
    i += digits;
  }
  return numbers;
}

/// "shorter side to S, bicubic, then centre crop C": what the evaluation protocols do (pretraining.md 14.1).
void resize_and_centre(const std::string& op, const lafs::Image& in, lafs::imaging::Canvas& canvas) {
  const std::vector<int64_t> sizes = numbers_in(op);
  REQUIRE(sizes.size() == 2);
  const int64_t shorter = std::min(in.height, in.width), height = sizes[0] * in.height / shorter, width = sizes[0] * in.width / shorter;
  const auto half = [](int64_t rest) { return static_cast<int64_t>(std::nearbyint(static_cast<double>(rest) / 2)); };
  canvas.crop_resize(in, {0, 0, in.height, in.width}, lafs::imaging::ResampleFilter::cubic, height, width);
  std::vector<uint8_t> bytes(static_cast<size_t>(height * width * 3));
  canvas.store(bytes);
  const lafs::imaging::Box centre{half(height - sizes[1]), half(width - sizes[1]), sizes[1], sizes[1]};
  canvas.crop_resize(lafs::imaging::image_of(height, width, std::move(bytes)), centre, lafs::imaging::ResampleFilter::cubic, sizes[1],
                     sizes[1]);
}

/// A view chain: the crop, which mirrors too where the flip follows at once, then the other steps.
void draw_chain(const Json& steps, const lafs::Image& in, lafs::imaging::Canvas& canvas) {
  REQUIRE(steps[0][0] == "crop");
  const Json& box = steps[0][1];
  const auto argument = [&](size_t i) { return steps[i].size() > 1 ? steps[i][1] : Json(); };
  const bool mirrored = steps.size() > 1 && step_named(steps[1][0]) == "flip" && argument(1) != false;
  canvas.crop_resize(in, {box[0], box[1], box[2], box[3]}, lafs::imaging::ResampleFilter::cubic, box[4], box[4], mirrored);
  for (size_t i = mirrored ? 2 : 1; i < steps.size(); ++i) apply(canvas, steps[i][0], argument(i));
}

/// The number that an operation of its own was given; solarise has it in its text only.
Json argument_of(const Json& entry) {
  for (const char* name : {"factor", "radius", "threshold", "shift"}) {
    if (entry.contains(name)) return entry[name];
  }
  const auto numbers = numbers_in(entry["op"]);
  return step_named(entry["op"]) == "solarise" && numbers.size() == 1 ? Json(numbers[0]) : Json();
}

/// What Pillow's chain makes of the picture.
void draw(const Json& entry, const lafs::Image& in, lafs::imaging::Canvas& canvas) {
  const std::string op = entry["op"];
  canvas.load(in);
  if (begins(op, "crop then antialiased")) {
    const auto kernel =
        op.find("bilinear") != std::string::npos ? lafs::imaging::ResampleFilter::triangle : lafs::imaging::ResampleFilter::cubic;
    canvas.crop_resize(in, box_of(entry), kernel, entry["size"], entry["size"]);
  } else if (begins(op, "shorter side to")) {
    resize_and_centre(op, in, canvas);
  } else if (begins(op, "colour jitter") || begins(op, "color jitter")) {
    static const std::array<std::string, 4> steps{"brightness", "contrast", "saturation", "hue"};
    for (const size_t step : entry["order"]) apply(canvas, steps.at(step), entry["factors"][step]);
  } else if (op == "sequence") {
    draw_chain(entry["steps"], in, canvas);
  } else {
    apply(canvas, op, argument_of(entry));
  }
}

/// The golden files, or nothing where one is absent.
struct Golden {
  Json all;
  lafs::formats::SafetensorsReader tensors;
};
std::unique_ptr<Golden> open_golden() {
  if (!lafs::test::golden_ready("augment", {"augment.json", "augment.safetensors"})) return nullptr;
  return std::unique_ptr<Golden>(new Golden{lafs::test::golden_json("augment.json"),
                                            lafs::formats::SafetensorsReader(lafs::test::golden_file("augment.safetensors").string())});
}

lafs::Image input_of(const Golden& golden, const Json& entry) {
  const Json& source = entry["image"];
  return picture(golden.tensors, source.is_string() ? source.get<std::string>() : "image" + std::to_string(source.get<int>()), false);
}

/// The largest error of (v/255 - mean)/std in fp32, at every row and column that the golden tensor keeps. The picture is the entry's, or
/// the slot of a view chain that its text tells; numbers that the entry lacks are those of the usual input.
double scaling_error(const Golden& golden, const std::string& name, const Json& entry) {
  const auto numbers = numbers_in(entry["op"]);  // "float output of slot 1 of image 0: ..."
  const lafs::Image in = entry.contains("image")
                             ? input_of(golden, entry)
                             : picture(golden.tensors, fmt::format("lafs_view{}.{}", numbers.at(1), numbers.at(0)), false);
  const lafs::InputContract usual;
  const auto means = entry.value("mean", usual.mean), deviations = entry.value("std", usual.std);
  const auto* info = golden.tensors.find(name);
  const auto raw = golden.tensors.bytes(*info);
  const int64_t rows = info->shape.at(1), columns = info->shape.at(2);
  double worst = 0;
  for (int64_t i = 0; i < 3 * rows * columns; ++i) {
    const int64_t c = i / (rows * columns), y = i / columns % rows * (in.height / rows), x = i % columns * (in.width / columns);
    const auto mean = static_cast<float>(means[static_cast<size_t>(c)]), deviation = static_cast<float>(deviations[static_cast<size_t>(c)]);
    const float ours = (static_cast<float>(in.bytes.get()[(y * in.width + x) * 3 + c]) / 255.0F - mean) / deviation;
    float wanted = 0;
    std::memcpy(&wanted, raw.data() + static_cast<size_t>(i) * sizeof wanted, sizeof wanted);
    worst = std::max(worst, static_cast<double>(std::abs(ours - wanted)));
  }
  return worst;
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
      const std::string op = entry["op"];
      // RandAugment and the tensor path have tests of their own, and floats are compared below.
      if (begins(name, "ra_") || begins(op, "tensor") || begins(op, "erase") || begins(name, "normalized")) continue;
      CAPTURE(name);
      draw(entry, input_of(*golden, entry), canvas);
      const lafs::Image expected = picture(golden->tensors, name, false);
      std::vector<uint8_t> got(static_cast<size_t>(canvas.height() * canvas.width() * 3));
      canvas.store(got);
      CHECK_MESSAGE(differences(got, expected) == 0, name);
      (op == "sequence" ? chains : operations) += 1;
    }
    MESSAGE("compared ", operations, " operations and ", chains, " view chains");
    CHECK(operations > 0);
    CHECK(chains > 0);
  }

  TEST_CASE("augment: the scalings of the pixels are the reference's") {
    const auto golden = open_golden();
    if (!golden) return;
    int compared = 0;
    for (const auto& [name, entry] : golden->all["ops"].items()) {
      if (!begins(name, "normalized")) continue;
      CAPTURE(name);
      CHECK(scaling_error(*golden, name, entry) < 1e-6);
      ++compared;
    }
    CHECK(compared > 0);
  }
  }  // namespace
}
