#include "formats/little_endian.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

using namespace lafs;
using namespace lafs::formats;

TEST_CASE("little endian: the lowest byte comes first, in every type of byte") {
  const std::vector<uint8_t> numbers{0x01, 0x02, 0x83, 0xff};
  const std::string text("\x01\x02\x83\xff");
  const std::vector<std::byte> bytes{std::byte{0x01}, std::byte{0x02}, std::byte{0x83}, std::byte{0xff}};
  CHECK(from_little_endian(numbers.data(), 4) == 0xff830201u);
  CHECK(from_little_endian(text.data(), 4) == 0xff830201u);
  CHECK(from_little_endian(bytes.data(), 4) == 0xff830201u);
  CHECK(from_little_endian(numbers.data(), 1) == 1);
  CHECK(from_little_endian(numbers.data(), 0) == 0);
}

TEST_CASE("little endian: what was appended is read again") {
  for (const uint64_t value : {uint64_t{0}, uint64_t{300}, UINT64_MAX, uint64_t{1} << 40}) {
    std::string text = "x";
    append_little_endian(text, value, 8);
    REQUIRE(text.size() == 9);
    CHECK(from_little_endian(text.data() + 1, 8) == value);
  }
  std::vector<uint8_t> low;
  append_little_endian(low, 0x01020304, 2);
  CHECK(low == std::vector<uint8_t>{4, 3});
}
