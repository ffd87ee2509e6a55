#include "formats/pickle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "formats/face_bin.h"
#include "lafs/error.h"
#include "support/bytes.h"
#include "support/error_of.h"

namespace lafs::formats {
namespace {

using Kind = PickleValue::Kind;
using namespace std::string_literals;

std::string error_of(const std::string& bytes) {
  return test::error_of([&] { Pickle(std::as_bytes(std::span(bytes)), "x").expect_end(); });
}

/// Reads and keeps the bytes.
struct Read {
  std::string bytes;
  Pickle pickle;
  explicit Read(std::string text) : bytes(std::move(text)), pickle(std::as_bytes(std::span(bytes)), "x") {}
  const PickleValue* operator->() const { return &pickle.root(); }
};

std::string bin_error_of(const std::string& bytes) {
  return test::error_of([&] { const FaceBin bin(std::as_bytes(std::span(bytes)), "x.bin"); });
}

std::string bin_error(const std::string& file) {
  return bin_error_of(test::read_bytes(std::filesystem::path(LAFS_TEST_GOLDEN) / "vectors" / file));
}

}  // namespace

TEST_CASE("pickle: numbers of every spelling") {
  CHECK(Read("I-12\n.")->integer == -12);
  CHECK(Read("I01\n.")->is(Kind::boolean));
  CHECK(Read("L123L\n.")->integer == 123);
  CHECK(Read("J\xfe\xff\xff\xff.")->integer == -2);
  CHECK(Read("M\x01\x02.")->integer == 513);
  CHECK(Read("\x8a\x01\xff.")->integer == -1);
  CHECK(Read("\x8a\x00."s)->integer == 0);
  CHECK(Read("\x8a\x02\x00\x80."s)->integer == -32768);
  CHECK(Read("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01."s)->is(Kind::big_integer));
  CHECK(Read("L99999999999999999999L\n.")->is(Kind::big_integer));
  CHECK(Read("F-0.5\n.")->real == -0.5);
  CHECK(Read("G\x3f\xf8\x00\x00\x00\x00\x00\x00."s)->real == 1.5);
}

TEST_CASE("pickle: texts, containers and the memo") {
  CHECK(Read("S'a\\x41\\n\\''\n.")->text == "aA\n'");
  CHECK(Read("U\x02hi.")->is(Kind::bytes));
  CHECK(Read("X\x02\x00\x00\x00hi."s)->is(Kind::text));
  const Read list(
      "]q\x00(K\x01K\x02"
      "eh\x00\x86."s);
  CHECK(list->is(Kind::tuple));
  CHECK(list->items[0] == list->items[1]);
  CHECK(list->items[0]->items.size() == 2);
  CHECK(Read("}U\x01"
             "aK\x05s.")
            ->find("a")
            ->integer == 5);
  CHECK(Read("(U\x01"
             "aK\x05"
             "d.")
            ->find("a")
            ->integer == 5);
  CHECK(Read("ccollections\nOrderedDict\n)RU\x01"
             "aK\x05s.")
            ->find("a")
            ->integer == 5);
  CHECK(Read("c_codecs\nencode\n(X\x03\x00\x00\x00"
             "a\xc3\xbfU\x06latin1tR."s)
            ->text == "a\xff");
  CHECK(Read("cos\nsystem\n(U\x02lstR.")->constructor() == "os.system");
}

TEST_CASE("pickle: a text of protocol 0 has bytes for the first characters and escapes for others") {
  CHECK(Read("V\xff\xd8 a\n.")->text == "\xc3\xbf\xc3\x98 a");
  CHECK(Read("Va\\u005cb\\u000a\\u20ac\\U0001f600\\x41\n.")->text == "a\\b\n\xe2\x82\xac\xf0\x9f\x98\x80\\x41");
  CHECK(Read("c_codecs\nencode\n(V\xff\xd8\\u0000\nVlatin1\ntR.")->text == "\xff\xd8\0"s);
  CHECK(error_of("V\\u12\n.") == "cannot read \"x\": a text has a number that is not a character at byte 0 of the pickle");
  CHECK(error_of("V\\Uffffffff\n.") == "cannot read \"x\": a text has a number that is not a character at byte 0 of the pickle");
}

TEST_CASE("pickle: damage is reported with its place") {
  CHECK(error_of("K") == "cannot read \"x\": the file ends too early at byte 0 of the pickle");
  CHECK(error_of("K\x01K\x02.") == "cannot read \"x\": 2 values on the stack at its end, not 1 at byte 4 of the pickle");
  CHECK(error_of("a.") == "cannot read \"x\": the stack is empty at byte 0 of the pickle");
  CHECK(error_of("t.") == "cannot read \"x\": a mark is missing at byte 0 of the pickle");
  CHECK(error_of("h\x05.") == "cannot read \"x\": memo slot 5 is empty at byte 0 of the pickle");
  CHECK(error_of("Nj\xff\xff\xff\xff.") == "cannot read \"x\": memo slot 4294967295 is empty at byte 1 of the pickle");
  CHECK(error_of("Nr\xff\xff\xff\xff.") == "");
  CHECK(error_of("\x80\x09N.") == "cannot read \"x\": protocol 9 is not supported at byte 0 of the pickle");
  CHECK(error_of("P1\n.") == "cannot read \"x\": unsupported opcode 0x50 at byte 0 of the pickle");
  CHECK(error_of("N.\0\0\0"s) == "");
  CHECK(error_of("N.\0x"s) == "cannot read \"x\": data after the end at byte 3 of the pickle");
  CHECK(error_of("(K\x01"
                 "d.") == "cannot read \"x\": a key has no value at byte 3 of the pickle");
  CHECK(error_of("\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.") == "cannot read \"x\": the file ends too early at byte 0 of the pickle");
  CHECK(error_of("NK\x01"
                 "b.") == "cannot read \"x\": a state is given to a value that cannot have one at byte 3 of the pickle");
}

TEST_CASE("pickle: bombs are refused: depth, loops, decoding again and again") {
  std::string deep = ")" + std::string(98, '\x85') + ".";
  CHECK(error_of(deep) == "");
  deep = ")" + std::string(200, '\x85') + ".";
  CHECK(error_of(deep) == "cannot read \"x\": values are nested deeper than 100 at byte 100 of the pickle");
  CHECK(error_of("]q\x00h\x00"
                 "a."s) == "");  // a list in itself may stand in a file; nobody can walk it
  std::string again = "X\xe8\x03\x00\x00"s + std::string(1000, 'a') + "q\x00"s;
  for (int i = 0; i < 100; ++i) again += "0c_codecs\nencode\n(h\x00U\x06latin1tR"s;
  CHECK(error_of(again + ".") == "cannot read \"x\": texts larger than the file at byte 1246 of the pickle");
  std::string row = "(", many = "Nq\x00"s;  // tuples of 4,096 times the same value: all count, few take memory
  for (int i = 0; i < 4096; ++i) row += "h\x00"s;
  row += "t0";
  for (int i = 0; i < 4096; ++i) many += row;
  CHECK(error_of(many + ".") == "cannot read \"x\": more than 16777216 values at byte 33566721 of the pickle");
}

TEST_CASE("face bin: four bad files and what each lacks") {
  CHECK(bin_error("evil_call.bin") == "cannot read \"x.bin\": it holds an object made by \"os.getcwd\", not pictures and truth values");
  CHECK(bin_error("truncated.bin").starts_with("cannot read \"x.bin\": the file ends too early at byte "));
  CHECK(bin_error("odd_count.bin") == "cannot read \"x.bin\": 2 pairs need 4 pictures, and there are 3");
  CHECK(bin_error("not_a_pickle.bin").starts_with("cannot read \"x.bin\": "));
  for (const char* other : {"", "no pickle", "\x89PNG"})
    CHECK(bin_error_of(other) == "cannot read \"x.bin\": it is not a face .bin, a pickle of pictures and truth values");
  CHECK(bin_error_of("\x80\x02N.") == "cannot read \"x.bin\": it does not hold a pair of pictures and truth values");
  CHECK(bin_error_of("\x80\x02N]\x86.") == "cannot read \"x.bin\": the pictures are not a list");
  CHECK(bin_error_of("]N\x86.") == "cannot read \"x.bin\": the truth values are not a list of bools");
  CHECK(bin_error_of("](K\x02l\x86.") == "cannot read \"x.bin\": pair 0 has the truth value 2, neither 0 nor 1");
  CHECK(bin_error_of("(U\x01"
                     "aNl(\x88l\x86.") == "cannot read \"x.bin\": picture 1 is not the bytes of an encoded picture");
  CHECK(bin_error_of("(U\x01"
                     "aU\x00l(\x88l\x86."s) == "cannot read \"x.bin\": picture 1 is not the bytes of an encoded picture");
}

}  // namespace lafs::formats
