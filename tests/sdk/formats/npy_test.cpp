#include "formats/npy.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;

namespace {

/// Against the file NumPy 1.26 wrote of the same values.
template <typename T>
void check_as_numpy(const std::string& name, const std::string& dtype, const std::vector<int64_t>& shape, const std::vector<T>& values) {
  const test::ScratchFolder folder;
  write_npy(folder / "ours.npy", dtype, shape, std::as_bytes(std::span(values)));
  const bool same = test::read_bytes(folder / "ours.npy") == test::read_bytes(std::string(LAFS_TEST_GOLDEN) + "/vectors/" + name + ".npy");
  CHECK_MESSAGE(same, name);
}

std::string error_of(const std::string& dtype, const std::vector<int64_t>& shape, size_t bytes) {
  const test::ScratchFolder folder;
  try {
    write_npy(folder / "x.npy", dtype, shape, std::vector<std::byte>(bytes));
  } catch (const Error& error) {
    std::string text = error.what();
    if (const size_t at = text.find(folder.path().string()); at != std::string::npos) text.erase(at, folder.path().string().size() + 1);
    return text;
  }
  return "";
}

}  // namespace

TEST_CASE("npy: the bytes are NumPy's own") {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  check_as_numpy<float>("f4_2x3", "F32", {2, 3}, {0.2314453125f, -0.1474609375f, 0.556640625f, -0.412109375f, 0.849609375f, 0.0625f});
  check_as_numpy<double>("f8_5", "F64", {5}, {0.1, -2.5, 1e300, nan, -infinity});
  check_as_numpy<double>("f8_empty_0x4", "F64", {0, 4}, {});
  check_as_numpy<int64_t>("i8_scalar", "I64", {}, {-7});
  check_as_numpy<uint8_t>("u1_2x2x2", "U8", {2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  check_as_numpy<uint8_t>("bool_4", "BOOL", {4}, {1, 0, 0, 1});
}

TEST_CASE("npy: data starts at a multiple of 64, whatever the shape") {
  for (int64_t rows = 1; rows < 100'000'000'000; rows *= 10) {
    const std::string header = npy_header("F32", {rows, 3, 4});
    CHECK(header.size() % 64 == 0);
    CHECK(header.back() == '\n');
  }
}

TEST_CASE("npy: what it cannot hold is named") {
  CHECK(error_of("BF16", {2}, 4) == "a .npy file has no type \"BF16\"");
  CHECK(error_of("F32", {2, 3}, 20) == "\"x.npy\": F32 of [2,3] has 24 bytes, not 20");
}
