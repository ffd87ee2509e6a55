#include "formats/file_kind.h"

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/torch_writer.h"
#include "lafs/rng.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs::formats {
namespace {

using std::string_literals::operator""s;

std::optional<FileKind> kind_of(const std::string& bytes) { return file_kind(std::as_bytes(std::span(bytes))); }
std::string what(const std::string& bytes) {
  const auto kind = kind_of(bytes);
  return kind ? kind->what : "";
}

std::string number(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

/// A zip archive of entries "x", stored, or as if they were compressed.
std::string zip(const std::vector<std::string>& names, uint16_t method = 0) {
  std::string file, directory;
  for (const std::string& name : names) {
    const std::string common =
        number(0, 2) + number(method, 2) + number(0, 4) + number(0x8cdc1683, 4) + number(1, 4) + number(1, 4) + number(name.size(), 2);
    directory += "PK\x01\x02" + number(0, 4) + common + std::string(12, '\0') + number(file.size(), 4) + name;
    file += "PK\x03\x04" + number(0, 2) + common + number(0, 2) + name + "x";
  }
  return file + directory + "PK\x05\x06" + number(0, 4) + number(names.size(), 2) + number(names.size(), 2) + number(directory.size(), 4) +
         number(file.size(), 4) + number(0, 2);
}

std::string tar(const std::vector<std::string>& names) {
  std::string file;
  for (const std::string& name : names) {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    header.replace(124, 11, "00000000003");
    header[156] = '0';
    header.replace(257, 5, "ustar");
    file += header + "abc" + std::string(509, '\0');
  }
  return file + std::string(1024, '\0');
}

std::string lfs(uint64_t size) {
  return fmt::format("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n", std::string(64, 'a'), size);
}

/// Beginnings of files, and what they are; what follows does not matter.
const std::vector<std::pair<std::string, std::string>> beginnings{
    {"<!DOCTYPE html>", "an HTML page"},
    {"\n  <HTML lang=\"en\">", "an HTML page"},
    {"\xef\xbb\xbf<html>", "an HTML page"},
    {"<?xml version=\"1.0\"?><Error>", "an XML text"},
    {"\x1f\x8b\x08", "a gzip file"},
    {"BZh91AY", "a bzip2 file"},
    {"\xfd"
     "7zXZ\0"s,
     "an xz file"},
    {"\x28\xb5\x2f\xfd", "a zstd file"},
    {"7z\xbc\xaf\x27\x1c", "a 7z archive"},
    {"Rar!\x1a\x07\x01", "a RAR archive"},
    {"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras and MATLAB write them"},
    {"\x93NUMPY\x01", "a NumPy array (.npy)"},
    {"\x12\x01\0\0\0\0\0\0"s, "a file of MXNet parameters"},
    {"\x08\x07\x12\x07pytorch\x1a\x05", "an ONNX model"},
    {"GGUF\x03", "a GGUF file"},
    {"\xff\xd8\xff\xe0", "a JPEG picture"},
    {"\x89PNG\r\n\x1a\n", "a PNG picture"},
    {"GIF89a", "a GIF picture"},
    {"RIFF\1\2\3\4WEBP", "a WebP picture"},
    {"%PDF-1.7", "a PDF document"},
    {"\x0a\x23\xd7\xce", "a record file of MXNet"},
    {"\x80\x04\x95", "a Python pickle that torch.save did not write"},
};

}  // namespace

TEST_CASE("file kind: a beginning decides, whatever follows") {
  Rng rng(7);
  int64_t tried = 0;
  for (const auto& [beginning, wanted] : beginnings) {
    for (const int64_t more : {20, 100, 5000}) {
      std::string bytes = beginning;
      for (int64_t i = 0; i < more; ++i) bytes += static_cast<char>(rng.integer(0, 256));
      CAPTURE(beginning);
      CHECK(what(bytes) == wanted);
      ++tried;
    }
  }
  CHECK(tried == 3 * static_cast<int64_t>(beginnings.size()));
}

TEST_CASE("file kind: pointers say the size of what they stand for, and what is empty or zero says so") {
  int64_t tried = 0;
  for (uint64_t size = 1; size < uint64_t{1} << 40; size *= 7, ++tried)
    CHECK(what(lfs(size)) == fmt::format("a Git LFS pointer, which stands for a file of {} bytes", size));
  CHECK(tried == 15);
  CHECK(what("") == "empty");
  CHECK(what(std::string(5000, '\0')) == "5000 bytes that are all zero");
}

TEST_CASE("file kind: archives are told by the names in them") {
  CHECK(what(tar({"a_plain.pth"})) == "a TAR archive of \"a_plain.pth\"");
  CHECK(what(tar({"a", "b", "c", "d", "e"})) == "a TAR archive of \"a\", \"b\", \"c\" and 2 more");
  CHECK(what(tar({"sys_info", "pickle", "storages", "tensors"})) == "");
  CHECK(what(zip({"a_plain.pth"})) == "a zip archive of \"a_plain.pth\"");
  CHECK(what(zip({"x/one.jpg", "x/two.jpg"}, 8)) == "a zip archive of \"x/one.jpg\" and \"x/two.jpg\"");
  CHECK(what(zip({"w.npy", "b.npy"})) == "a NumPy archive (.npz) of 2 arrays");
  CHECK(what(zip({"archive/data.pkl", "archive/constants.pkl"})) == "a TorchScript archive, a program with its weights");
  CHECK(what(zip({"archive/data.pkl", "archive/data/0"}, 8)) == "a file of torch.save that was packed a second time, with compression");
  CHECK(what(zip({"data.pkl", "data/0"})) == "a file of torch.save that was unpacked and packed again without its folder");
  CHECK(what(zip({"config.json", "model.weights.h5"})) == "a Keras model");
  CHECK(what(zip({"archive/data.pkl", "archive/data/0"})) == "");
}

TEST_CASE("file kind: files of weights and bytes that nobody knows have none, and nothing throws") {
  const test::ScratchFolder folder;
  const float one = 1;
  const TensorBytes tensor{"w", "F32", {1}, std::as_bytes(std::span(&one, 1))};
  write_torch(folder / "w.pth", {{"", {tensor}}});
  write_safetensors(folder / "w.safetensors", {tensor});
  for (const char* name : {"w.pth", "w.safetensors"}) CHECK(!kind_of(test::read_bytes(folder / name)));
  const std::string stored = test::read_bytes(folder / "w.safetensors");
  CHECK(looks_like_safetensors(std::as_bytes(std::span(stored))));
  Rng rng(8);
  const auto below = [&](size_t most) { return static_cast<size_t>(rng.integer(0, static_cast<int64_t>(most))); };
  int64_t tried = 0;
  for (; tried < 3000; ++tried) {
    // Beginnings, cut and with bits turned, and nothing but chance.
    std::string bytes = tried % 3 == 0 ? "" : beginnings[below(beginnings.size())].first;
    if (tried % 7 == 0) bytes = zip({"archive/data.pkl", "b"}) + bytes;
    if (tried % 11 == 0) bytes = tar({"a", "b"}) + bytes;
    for (size_t i = below(700); i > 0; --i) bytes += static_cast<char>(below(256));
    bytes.resize(bytes.size() - below(bytes.size() + 1));
    if (!bytes.empty()) bytes[below(bytes.size())] ^= static_cast<char>(1 << below(8));
    kind_of(bytes);
    beginning(std::as_bytes(std::span(bytes)));
  }
  CHECK(tried == 3000);
}

TEST_CASE("file kind: what is given as data but is not data is named") {
  const test::ScratchFolder folder;
  const auto said = [&](const std::string& name, const std::string& bytes) {
    test::write_bytes(folder / name, bytes);
    const auto text = not_data(folder / name);
    if (!text) return std::string("may be a list");
    return text->substr(folder.path().string().size() + 2);
  };
  CHECK(said("l.lst", "0\t1\ta.jpg\n") == "may be a list");
  CHECK(said("empty.lst", "") == "may be a list");
  CHECK(said("p.lst", "<html>") ==
        "p.lst\" is an HTML page; a server sent it in place of the file: download again, and look at the result first; links of file hosts "
        "often need a login or a confirmation");
  const std::string pairs = test::read_bytes(std::filesystem::path(LAFS_TEST_GOLDEN) / "vectors" / "protocol4_bytes.bin");
  for (const char* name : {"lfw.bin", "lfw.data", "LFW.BIN"}) {
    CHECK(
        said(name, pairs) ==
        fmt::format("{}\" is a verification set: 2 pairs of pictures, and which of them show one person, but not whom; there is nothing to "
                    "train on, pack or embed; lafs eval MODEL --on FILE measures a model on it",
                    name));
  }
  CHECK(said("cut.bin", pairs.substr(0, 900))
            .starts_with("cut.bin\" is not a list of pictures, and as a verification set it cannot be read "
                         "either: cannot read "));
  CHECK(said("w.pth", test::read_bytes(std::filesystem::path(LAFS_TEST_GOLDEN) / "vectors" / "tensor.pth")) ==
        "w.pth\" is a file of weights, not pictures; weights belong into [[init]], and lafs inspect shows what it holds");
}

}  // namespace lafs::formats
