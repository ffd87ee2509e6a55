#include "formats/npy_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "formats/npy.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;
using namespace std::string_literals;

namespace {

std::string npy(const std::string& header, const std::string& data = "", const std::string& version = "\x01\x00"s) {
  std::string bytes = "\x93NUMPY" + version;
  for (int shift = 0; shift < (version[0] == 1 ? 16 : 32); shift += 8) bytes += static_cast<char>(header.size() >> shift);
  return bytes + header + data;
}

NpyArray read(const std::string& bytes) { return read_npy(std::as_bytes(std::span(bytes)), "x.npy"); }
std::string error_of(const std::string& bytes) {
  return test::error_of([&] { read(bytes); });
}

std::string head(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

const std::string start = "cannot read \"x.npy\": ";

}  // namespace

TEST_CASE("npy reader: headers of every spelling") {
  const std::string two = "\x01\x02";
  CHECK(read(npy(head("|u1", "(2,)"), two)).numbers() == std::vector<double>{1, 2});
  CHECK(read(npy("{\"shape\":(2L,1),\"fortran_order\":False,\"descr\":\"|u1\"}", two)).shape == std::vector<int64_t>{2, 1});
  CHECK(read(npy(head("|u1", "(2)"), two, "\x02\x00"s)).numbers() == std::vector<double>{1, 2});
  CHECK(read(npy(head("=i2", "()"), two, "\x03\x00"s)).numbers() == std::vector<double>{513});
  CHECK(read(npy(head(">i2", "()"), two)).numbers() == std::vector<double>{258});
  CHECK(read(npy(head("<f2", "(3,)"), "\x00\x3c\x01\x00\x00\xfc"s)).numbers() == std::vector<double>{1, 0x1p-24, -HUGE_VAL});
}

TEST_CASE("npy reader: columns first become rows first, in three dimensions") {
  const std::string header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2), }\n";
  std::string data;
  for (char k = 0; k < 2; ++k)
    for (char j = 0; j < 3; ++j)
      for (char i = 0; i < 2; ++i) data += static_cast<char>(100 * i + 10 * j + k);
  std::vector<double> rows;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 2; ++k) rows.push_back(100 * i + 10 * j + k);
  CHECK(read(npy(header, data)).numbers() == rows);
}

TEST_CASE("npy reader: the bytes of a file stay there as long as a copy of the array") {
  const test::ScratchFolder folder;
  const std::vector<float> values{1.5f, -2, 3};
  write_npy(folder / "a.npy", "F32", {3, 1}, std::as_bytes(std::span(values)));
  NpyArray copy;
  {
    const NpyArray array = read_npy(folder / "a.npy");
    copy = array;
  }
  CHECK(copy.numbers() == std::vector<double>{1.5, -2, 3});
  CHECK(copy.elements() == 3);
}

TEST_CASE("npy reader: a file without an array of numbers is refused with the reason") {
  CHECK(error_of("") == start + "it is not a .npy file of NumPy");
  CHECK(error_of("PK\x03\x04 a zip archive") == start + "it is not a .npy file of NumPy");
  CHECK(error_of(npy("", "", "\x04\x00"s)) == start + "version 4.0 of the .npy format is not supported");
  CHECK(error_of("\x93NUMPY\x01\x00\xff\x00{"s) == start + "the header should have 255 bytes, and 1 follow");
  CHECK(error_of("\x93NUMPY\x02\x00\x01\x00"s) == start + "the file ends inside its header");
  CHECK(error_of(npy(head("|O", "(2,)"))) ==
        start + "it holds elements of type \"|O\", Python objects, not numbers; save it again with a type such as float32");
  for (const char* type : {"<c8", "|S4", "<U2", "<M8[s]", "f4", "<f3", "<f16"})
    CHECK(error_of(npy(head(type, "(2,)"))) ==
          start + "it holds elements of type \"" + type + "\"; the types of whole and real numbers and bool are supported");
  CHECK(error_of(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}")) ==
        start + "it holds records of several fields, not numbers; save each field as an array of its own");
}

TEST_CASE("npy reader: data that does not fit its shape is refused") {
  CHECK(error_of(npy(head("<f4", "(2,)"), "1234")) == start + "<f4 of [2] and the file's 4 bytes of data do not fit");
  CHECK(error_of(npy(head("<f4", "(1,)"), "12345678")) == start + "<f4 of [1] and the file's 8 bytes of data do not fit");
  CHECK(error_of(npy(head("<f4", "(0,)"), "1")) == start + "<f4 of [0] and the file's 1 bytes of data do not fit");
  CHECK(error_of(npy(head("<f8", "(4611686018427387904, 4)"))) ==
        start + "<f8 of [4611686018427387904, 4] and the file's 0 bytes of data do not fit");
  CHECK(read(npy(head("<f8", "(0, 1000)"))).elements() == 0);
}

TEST_CASE("npy reader: a damaged header is refused with what is wrong") {
  CHECK(error_of(npy("[]")) == start + "the header has no '{' at character 0");
  CHECK(error_of(npy("{}")) == start + "the header has no \"descr\"");
  CHECK(error_of(npy("{'descr': '<f4', 'shape': (1,)}")) == start + "the header has no \"fortran_order\"");
  CHECK(error_of(npy("{'descr': '<f4', 'fortran_order': True}")) == start + "the header has no \"shape\"");
  CHECK(error_of(npy("{'descr': '<f4'")) == start + "the header has no '}' at character 15");
  CHECK(error_of(npy("{'descr': '<f4")) == start + "a text of the header does not end");
  CHECK(error_of(npy("{'descr': 4}")) == start + "the header has no text at character 10");
  CHECK(error_of(npy("{'fortran_order': Yes}")) == start + "fortran_order is \"Yes\", neither True nor False");
  CHECK(error_of(npy("{'shape': (1,), 'shape': (1,)}")) == start + "the header has the key \"shape\" twice");
  CHECK(error_of(npy("{'size': 1}")) == start + "the header has the key \"size\" that NumPy does not write");
  CHECK(error_of(npy("{'shape': (-1,)}")) == start + "the shape has \"\", not a size");
  CHECK(error_of(npy("{'shape': (a,)}")) == start + "the shape has \"a\", not a size");
  CHECK(error_of(npy(head("<f4", "(1,)") + "x", "1234")) == start + "the header goes on after its \"}\"");
}
