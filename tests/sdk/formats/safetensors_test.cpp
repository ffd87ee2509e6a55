#include "formats/safetensors.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "lafs/error.h"
#include "lafs/rng.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;
using nlohmann::json;
using test::ScratchFolder;

namespace {

std::string error_of(const std::filesystem::path& file) {
  return test::error_of([&] {
    const SafetensorsReader reader(file);
    reader.verify();
  });
}

std::string file_of(const std::string& header, const std::string& data = "") {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header + data;
}

template <typename T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

template <typename T>
std::vector<T> values_of(const SafetensorsReader& reader, std::string_view name) {
  const TensorInfo* info = reader.find(name);
  REQUIRE(info);
  const auto bytes = reader.bytes(*info);
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

}  // namespace

TEST_CASE("safetensors: each of the fourteen malformed inputs is refused with its reason") {
  const ScratchFolder folder;
  const std::filesystem::path file = folder / "bad.safetensors";
  const std::map<std::string, std::string> reasons{
      {"too_short", "3 bytes are too few for a safetensors file"},
      {"header_longer_than_file", "the header should have 1000 bytes, and the file has 10"},
      {"header_absurd", "the header should have 1152921504606846976 bytes, and the file has 10"},
      {"not_json", "the header does not start with \"{\""},
      {"hole", "tensor \"a\" begins at byte 4 of the data, expected 0"},
      {"trailing_bytes", "the tensors need 4 bytes and the file has 5: the rest belongs to none"},
      {"truncated_data", "the tensors need 8 bytes and the file has 7: it is cut off, fetch it again"},
      {"overlap", "tensor \"b\" begins at byte 4 of the data, expected 8"},
      {"size_mismatch", "tensor \"a\" of shape [3] needs 12 bytes and has the range 0 to 8"},
      {"unknown_dtype", "tensor \"a\" has the unknown type \"Q7\""},
      {"shape_overflow", "tensor \"a\" of shape [4294967296, 4294967296, 4] has no whole number of bytes"},
      {"negative_dim", "tensor \"a\" has a shape that is not a size: -2"},
      {"metadata_not_string", "metadata \"k\" is not a string"},
      {"duplicate_key", "the name \"a\" occurs twice in the header"}};
  const json bad = test::vector("safetensors.json")["bad_hex"];
  CHECK(bad.size() == reasons.size());
  for (const auto& [what, hex] : bad.items()) {
    CAPTURE(what);
    test::write_bytes(file, test::from_hex(hex));
    CHECK(error_of(file) == "cannot read \"" + file.string() + "\": " + reasons.at(what));
  }
}

TEST_CASE("safetensors: further malformed headers are refused with their reason") {
  const ScratchFolder folder;
  const std::filesystem::path file = folder / "bad.safetensors";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{\"a\":1}", "tensor \"a\" is not an object"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", "tensor \"a\" has no \"data_offsets\""},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", "the \"shape\" of tensor \"a\" is not a list"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", "tensor \"a\" has a shape that is not a size: 1.0"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0]}}", "the \"data_offsets\" of tensor \"a\" are not two numbers"},
      {"{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", "tensor \"a\" of shape [3] has no whole number of bytes"},
      {"{\"__metadata__\":3}", "\"__metadata__\" is not an object"},
      {"{\"a\":[[[[[[[[[[1]]]]]]]]]]}", "the header is nested deeper than 8"},
      {"{\"a\":1e999}", "the header holds a number that is out of range"},
      {"{\"\xff\":1}", "the header is not valid json at byte 3"},
      {"{\"a\":", "the header is not valid json at byte 6"}};
  for (const auto& [header, reason] : cases) {
    CAPTURE(header);
    test::write_bytes(file, file_of(header, std::string(4, '\0')));
    CHECK(error_of(file) == "cannot read \"" + file.string() + "\": " + reason);
  }
  CHECK(error_of(folder / "absent") == "cannot read \"" + (folder / "absent").string() + "\": No such file or directory");
  CHECK(error_of(folder.path()) == "cannot read \"" + folder.path().string() + "\": Is a directory");
}

TEST_CASE("safetensors: a tensor of an unsupported type leaves the others readable") {
  const ScratchFolder folder;
  const std::filesystem::path file = folder / "f4.safetensors";
  test::write_bytes(file, file_of("{\"a\":{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[0,1]},"
                                  "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                                  "\x07\x09"));
  const SafetensorsReader reader(file);
  CHECK(values_of<uint8_t>(reader, "b") == std::vector<uint8_t>{9});
  CHECK_THROWS_WITH_AS(reader.bytes(*reader.find("a")),
                       ("cannot read tensor \"a\" of \"" + file.string() + "\": its type F4 is not supported").c_str(), Error);
}

TEST_CASE("safetensors: what is written reads back, in the order given, aligned and with hashes") {
  const ScratchFolder folder;
  const std::filesystem::path file = folder / "a.safetensors";
  const std::vector<float> weights{1, -2.5f, 3e-40f};
  const std::vector<int64_t> step{1LL << 40};
  write_safetensors(
      file, {{"z \"quoted\" \u00e9", "F32", {3, 1}, bytes_of(weights)}, {"a", "I64", {}, bytes_of(step)}, {"none", "F32", {0, 4}, {}}},
      {{"format", "pt"}});
  const SafetensorsReader reader(file);
  REQUIRE(reader.tensors().size() == 3);
  CHECK(reader.tensors()[0].name == "z \"quoted\" \u00e9");
  CHECK(reader.tensors()[1].name == "a");
  CHECK(reader.metadata().at("format") == "pt");
  CHECK(reader.metadata().at("xxh3:none") == "99aa06d3014798d86001c324468d497f");
  CHECK(values_of<float>(reader, "z \"quoted\" \u00e9") == weights);
  CHECK(values_of<int64_t>(reader, "a") == step);
  CHECK(static_cast<unsigned char>(test::read_bytes(file)[0]) % 8 == 0);
  reader.verify();
}

TEST_CASE("safetensors: a flipped bit is reported with file and tensor") {
  const ScratchFolder folder;
  const std::filesystem::path file = folder / "a.safetensors";
  const std::vector<float> weights{1, 2};
  write_safetensors(file, {{"a", "F32", {2}, bytes_of(weights)}, {"b", "F32", {2}, bytes_of(weights)}});
  std::string bytes = test::read_bytes(file);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  test::write_bytes(file, bytes);
  CHECK(error_of(file) == "tensor \"b\" of \"" + file.string() + "\" is damaged: its hash differs from the recorded one");
}

TEST_CASE("safetensors: a writer refuses what a reader would refuse") {
  const ScratchFolder folder;
  const std::filesystem::path file = folder / "a.safetensors";
  const std::vector<float> two{1, 2};
  const auto error = [&](const std::vector<TensorBytes>& tensors, std::map<std::string, std::string> metadata = {}) -> std::string {
    try {
      write_safetensors(file, tensors, std::move(metadata));
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  const std::string start = "cannot write \"" + file.string() + "\": ";
  CHECK(error({{"a", "F32", {2}, bytes_of(two)}, {"a", "F32", {2}, bytes_of(two)}}) == start + "tensor \"a\" occurs twice");
  CHECK(error({{"a", "float", {2}, bytes_of(two)}}) == start + "tensor \"a\" has the unknown type \"float\"");
  CHECK(error({{"a", "F32", {3}, bytes_of(two)}}) == start + "tensor \"a\" of type F32 and shape [3] does not fill 8 bytes");
  CHECK(error({{"__metadata__", "F32", {2}, bytes_of(two)}}) == start + "tensor \"__metadata__\" has the name of the metadata");
  CHECK(error({}, {{"k", "\xff"}}) == start + "a name or a metadata text is not valid utf-8");
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("safetensors: no truncation and no flipped byte does more than throw an error") {
  const ScratchFolder folder;
  const std::filesystem::path file = folder / "a.safetensors", cut = folder / "cut.safetensors";
  const std::vector<float> weights{1, 2, 3, 4};
  write_safetensors(file, {{"a", "F32", {2, 2}, bytes_of(weights)}, {"b", "F16", {8}, bytes_of(weights)}}, {{"format", "pt"}});
  const std::string whole = test::read_bytes(file);
  for (size_t length = 0; length < whole.size(); ++length) {
    test::write_bytes(cut, whole.substr(0, length));
    CAPTURE(length);
    CHECK_FALSE(error_of(cut).empty());
  }
  Rng rng(key_of("byte flips"));
  for (int i = 0; i < 600; ++i) {
    std::string bytes = whole;
    const auto at = static_cast<size_t>(rng.integer(0, static_cast<int64_t>(bytes.size())));
    bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(rng.integer(1, 256)));
    test::write_bytes(cut, bytes);
    error_of(cut);
  }
}
