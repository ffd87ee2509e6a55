#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
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
lafs::Image picture(const lafs::SafetensorsReader& file, const std::string& name, bool chw) {
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
  return lafs::image_of(height, width, std::move(bytes));
}

lafs::Box box_of(const Json& entry) { return {entry["top"], entry["left"], entry["height"], entry["width"]}; }

/// What the entry's operation makes of the picture, at the size of the expected one.
std::vector<uint8_t> result(const Json& entry, const lafs::Image& in, const lafs::Image& expected) {
  const std::string op = entry["op"];
  std::vector<uint8_t> out(in.bytes.get(), in.bytes.get() + in.size());
  if (begins(op, "tensor crop")) {
    out.resize(static_cast<size_t>(expected.size()));
    lafs::crop_resize_bilinear(in, box_of(entry), expected.height, expected.width, out);
  } else if (begins(op, "tensor brightness")) {
    lafs::adjust_brightness(out, entry["factor"]);
  } else if (begins(op, "tensor contrast")) {
    lafs::adjust_contrast(out, entry["factor"]);
  } else if (begins(op, "tensor saturation")) {
    lafs::adjust_saturation(out, entry["factor"]);
  } else if (begins(op, "tensor hue")) {
    const bool later = op.find("255.999") != std::string::npos;
    lafs::adjust_hue(out, entry["shift"], later ? lafs::HueRule::times_255_999 : lafs::HueRule::times_255);
  } else if (begins(op, "erase")) {
    lafs::erase(out, in.width, box_of(entry), entry.value("value", uint8_t{0}));
  } else {
    FAIL("no rule for \"" << op << "\"");
  }
  return out;
}

}  // namespace

TEST_SUITE("augment") {
  namespace {  // suites of several files share a name of doctest's making
  TEST_CASE("augment: the tensor transforms equal the reference byte for byte") {
    const std::filesystem::path json_file = golden_folder() / "augment.json", tensor_file = golden_folder() / "augment.safetensors";
    for (const auto& file : {json_file, tensor_file}) {
      if (!std::filesystem::exists(file)) return lafs::test::skip("golden.augment: " + file.string() + " is absent");
    }
    const Json all = Json::parse(std::ifstream(json_file));
    const lafs::SafetensorsReader tensors(tensor_file.string());
    lafs::test::runs();
    int compared = 0;
    for (const auto& [name, entry] : all["ops"].items()) {
      const std::string op = entry["op"];
      if (!begins(op, "tensor") && !begins(op, "erase")) continue;
      const Json& source = entry["image"];
      const std::string input = source.is_string() ? source.get<std::string>() : "image" + std::to_string(source.get<int>());
      const lafs::Image expected = picture(tensors, name, entry.value("layout", "HWC") == "CHW");
      const std::vector<uint8_t> got = result(entry, picture(tensors, input, false), expected);
      REQUIRE(static_cast<int64_t>(got.size()) == expected.size());
      int64_t different = 0;
      for (size_t i = 0; i < got.size(); ++i) different += got[i] != expected.bytes.get()[i];
      CHECK_MESSAGE(different == 0, name);
      ++compared;
    }
    MESSAGE("compared ", compared, " outputs");
    CHECK(compared > 0);
  }
  }  // namespace
}
