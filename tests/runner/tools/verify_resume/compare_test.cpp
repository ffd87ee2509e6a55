#include "runner/tools/verify_resume/compare.h"

#include <array>
#include <cstring>

#include <doctest/doctest.h>

#include "formats/safetensors.h"
#include "lafs/error.h"
#include "support/scratch.h"

namespace lafs {
namespace {

namespace fs = std::filesystem;

using Numbers = std::array<float, 4>;

formats::TensorBytes tensor(const std::string& name, const Numbers& numbers, std::vector<int64_t> shape = {4}) {
  return {name, "F32", std::move(shape), {reinterpret_cast<const std::byte*>(numbers.data()), sizeof(numbers)}};
}

constexpr Numbers plain{1, 2, 3, 4};

fs::path checkpoint(const fs::path& folder, const std::vector<formats::TensorBytes>& weights) {
  fs::create_directories(folder);
  formats::write_safetensors(folder / "weights.safetensors", weights);
  formats::write_safetensors(folder / "optimizer.safetensors", {tensor("a.exp_avg", plain)});
  return folder;
}

TEST_CASE("compare: equal checkpoints have no difference, and are counted") {
  const test::ScratchFolder folder;
  const auto first = checkpoint(folder / "1", {tensor("a", plain), tensor("b", plain)});
  const auto second = checkpoint(folder / "2", {tensor("b", plain), tensor("a", plain)});
  const Comparison comparison = compare_checkpoints(first, second);
  CHECK(comparison.different.empty());
  CHECK(comparison.tensors == 3);
  CHECK(comparison.bytes == 48);
}

TEST_CASE("compare: one bit is a difference, and its byte is reported") {
  const test::ScratchFolder folder;
  Numbers other = plain;
  uint32_t bits;
  std::memcpy(&bits, &other[2], 4);
  bits ^= 1;
  std::memcpy(&other[2], &bits, 4);
  const Comparison comparison =
      compare_checkpoints(checkpoint(folder / "1", {tensor("a", plain)}), checkpoint(folder / "2", {tensor("a", other)}));
  CHECK(comparison.different == std::vector<std::string>{"a: from byte 8 on"});
}

TEST_CASE("compare: equal numbers of unequal bits are a difference") {
  const test::ScratchFolder folder;
  const Comparison comparison =
      compare_checkpoints(checkpoint(folder / "1", {tensor("a", {0, 0, 0, 0})}), checkpoint(folder / "2", {tensor("a", {0, -0.0f, 0, 0})}));
  CHECK(comparison.different == std::vector<std::string>{"a: from byte 7 on"});
}

TEST_CASE("compare: tensors of one side, and other shapes, are reported") {
  const test::ScratchFolder folder;
  const auto first = checkpoint(folder / "1", {tensor("a", plain), tensor("b", plain)});
  const auto second = checkpoint(folder / "2", {tensor("b", plain, {2, 2}), tensor("c", plain)});
  CHECK(compare_checkpoints(first, second).different ==
        std::vector<std::string>{"a: only in the first", "b: another type or shape", "c: only in the second"});
  CHECK_THROWS_AS(compare_checkpoints(first, folder / "none"), Error);
}

}  // namespace
}  // namespace lafs
