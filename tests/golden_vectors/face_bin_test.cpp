#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "formats/face_bin.h"
#include "imaging/decode.h"
#include "support/error_of.h"
#include "support/vector_record.h"

using namespace lafs;
using formats::FaceBin;
using nlohmann::json;

namespace {

std::string text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Sums of the channels R, G, B, and the first pixel.
struct Decoded {
  std::vector<int64_t> sums{0, 0, 0}, first;
  explicit Decoded(std::span<const std::byte> bytes) {
    const Image image = imaging::decode_image({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    for (int64_t i = 0; i < image.size(); ++i) sums[static_cast<size_t>(i % 3)] += image.bytes.get()[i];
    for (int c = 0; c < 3; ++c) first.push_back(image.bytes.get()[c]);
  }
};

}  // namespace

TEST_SUITE("vectors_face_bin") {
  TEST_CASE("SHA-256 is the published one") {
    CHECK(test::sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(test::sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  }

  TEST_CASE("every spelling holds the recorded pictures and truth values") {
    const json vector = test::read_vectors("face_bin.json");
    const auto sums = vector["decoded_png_rgb_channel_sums"].get<std::vector<std::vector<int64_t>>>();
    const auto firsts = vector["decoded_png_rgb_pixel_0_0"].get<std::vector<std::vector<int64_t>>>();
    // The recorded sums are those of one set, which most files hold as PNG; one holds it as JPEG, and one small pictures.
    std::map<std::vector<std::string>, int> holders;
    for (const auto& [name, record] : vector["files"].items()) ++holders[record["image_sha256"].get<std::vector<std::string>>()];
    const auto most = std::max_element(holders.begin(), holders.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    size_t decoded = 0;
    for (const auto& [name, record] : vector["files"].items()) {
      CAPTURE(name);
      const FaceBin bin(test::recorded_file(record));
      CHECK(bin.same() == record["issame"].get<std::vector<bool>>());
      std::vector<std::string> hashes;
      std::vector<std::vector<int64_t>> own_sums, own_firsts;
      for (const auto& picture : bin.pictures()) {
        hashes.push_back(test::sha256(text_of(picture)));
        const Decoded pixels(picture);
        own_sums.push_back(pixels.sums);
        own_firsts.push_back(pixels.first);
      }
      CHECK(hashes == record["image_sha256"].get<std::vector<std::string>>());
      if (hashes != most->first) continue;
      CHECK(own_sums == sums);
      CHECK(own_firsts == firsts);
      ++decoded;
    }
    CHECK(decoded > 0);
  }

  TEST_CASE("what must be refused is refused") {
    for (const json all = test::read_vectors("face_bin.json")["must_refuse"]; const auto& [what, record] : all.items()) {
      CAPTURE(what);
      const auto file = test::recorded_file(record);
      if (record.contains("hex")) CHECK(test::read_bytes(file) == test::from_hex(record["hex"]));
      CHECK(test::error_of([&] { const FaceBin bin(file); }).starts_with("cannot read \"" + file.string() + "\": "));
    }
  }
}
