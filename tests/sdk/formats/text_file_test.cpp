#include "formats/text_file.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "formats/unicode_forms.h"
#include "lafs/error.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/generated_text.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;
using namespace std::string_literals;

namespace {

/// What a file of these bytes reads as: "number:line" of each line, or the error without the folder.
std::string reading(const std::string& bytes) {
  const test::ScratchFolder folder;
  test::write_bytes(folder / "list.txt", bytes);
  std::string all;
  const std::string error = test::error_of([&] {
    for (TextFile text(folder / "list.txt"); text.next();) all += std::to_string(text.number()) + ":" + text.line() + " ";
  });
  return error.empty() ? all : error.substr((folder.path().string() + "/").size());
}

}  // namespace

TEST_CASE("text file: line ends of all systems, a byte order mark, blanks and empty lines are ignored") {
  CHECK(reading("a\nb\n") == "1:a 2:b ");
  CHECK(reading("a\r\nb") == "1:a 2:b ");
  CHECK(reading("a\rb\r") == "1:a 2:b ");
  CHECK(reading("\xef\xbb\xbf"
                "a\n\xef\xbb\xbf"
                "b\n") ==
        "1:a 2:\xef\xbb\xbf"
        "b ");
  CHECK(reading("\n \t\r\n  a b \t\n\n") == "3:a b ");
  CHECK(reading("a\r\r\nb") == "1:a 3:b ");
  CHECK(reading("") == "");
  CHECK(reading("\xef\xbb\xbf") == "");
  CHECK(reading("\r") == "");
}

TEST_CASE("text file: a file that is not text is named by its kind") {
  const std::string utf16 = "list.txt:1: error: the file is UTF-16 text; save it as UTF-8, as \"iconv -f UTF-16 -t UTF-8\" does";
  CHECK(reading("\xff\xfe"
                "a\0\n\0"s) == utf16);
  CHECK(reading("\xfe\xff\0a\0\n"s) == utf16);
  CHECK(reading("a\0b\0\n\0"s) == utf16);
  CHECK(reading("\0a\0\n"s) == utf16);
  CHECK(reading("\xff\xfe\0\0a\0\0\0"s) ==
        "list.txt:1: error: the file is UTF-32 text; save it as UTF-8, as \"iconv -f UTF-32 -t UTF-8\" does");
  CHECK(reading("\x1f\x8b\x08\0"s) == "list.txt:1: error: the file is compressed by gzip; unpack it");
  CHECK(reading("PK\x03\x04 xl/") == "list.txt:1: error: the file is a ZIP archive, as spreadsheets are; save it as plain text");
  CHECK(reading("abc\0\0\0\n"s) == "list.txt:1: error: the file holds bytes 0, so it is not text");
  CHECK(reading(std::string(3 << 20, 'a')) == "list.txt:1: error: the line is longer than a mebibyte, so this is not a list");
  const test::ScratchFolder folder;
  const auto opening = [&](const std::filesystem::path& file) { return test::error_of([&] { TextFile text(file); }); };
  CHECK(opening(folder / "absent") == "cannot read \"" + (folder / "absent").string() + "\": No such file or directory");
  CHECK(opening(folder.path()) == "cannot read \"" + folder.path().string() + "\": Is a directory");
}

TEST_CASE("text file: lines are read across the parts of a large file") {
  const test::ScratchFolder folder;
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string text;
    int64_t lines = 0;
    for (; text.size() < (5 << 19); ++lines) text += std::to_string(lines) + std::string(static_cast<size_t>(lines % 97), 'x') + end;
    test::write_bytes(folder / "list.txt", text);
    TextFile file(folder / "list.txt");
    bool equal = true;
    for (int64_t i = 0; i < lines; ++i)
      equal = equal && file.next() && file.number() == i + 1 &&
              file.line() == std::to_string(i) + std::string(static_cast<size_t>(i % 97), 'x');
    CHECK(equal);
    CHECK_FALSE(file.next());
  }
}

TEST_CASE("text file: generated files give the lines that were written, and as UTF-16 none") {
  const test::ScratchFolder folder;
  const int files = 400;
  int wrong = 0, refused = 0;
  for (int f = 0; f < files; ++f) {
    test::TextMaker make(static_cast<uint64_t>(f));
    std::vector<std::string> lines, found;
    for (int64_t n = make.number(1, 30); n > 0; --n) lines.push_back(make.name(true));
    const std::string bytes = make.file_of(lines);
    test::write_bytes(folder / "list.txt", bytes);
    for (TextFile text(folder / "list.txt"); text.next();) found.push_back(text.line());
    wrong += found == lines ? 0 : 1;
    const std::string joined = plain_text(bytes);
    wrong += joined.find('\xef') == 0 || (joined.find('\r') != std::string::npos && joined.find("\r\n") == std::string::npos) ? 1 : 0;
    test::write_bytes(folder / "list.txt", make.utf16(U"Ana\n" + code_points(lines[0]) + U"\nplain words in ASCII\n"));
    const std::string error = test::error_of([&] { TextFile(folder / "list.txt").next(); });
    refused += error.find("is UTF-16 text") != std::string::npos ? 1 : 0;
  }
  MESSAGE("read " << files << " generated text files, and as many as UTF-16");
  CHECK(wrong == 0);
  CHECK(refused == files);
}

TEST_CASE("text file: numbers, fields and what is shown of a name") {
  CHECK(count_of("0") == 0);
  CHECK(count_of("007") == 7);
  for (const char* no : {"", "-1", "1.0", "1 ", "x", "99999999999999999999"}) CHECK_FALSE(count_of(no));
  CHECK(label_number("7.000000") == 7);
  CHECK(label_number("-1") == -1);
  CHECK(label_number("+3") == 3);
  CHECK(label_number("4.") == 4);
  for (const char* no : {"", ".", "-", "1.5", "1e3", "x", "1 2", ".0"}) CHECK_FALSE(label_number(no));
  CHECK(fields_of("a b\t c ") == std::vector<std::string>{"a b", "c"});
  CHECK(fields_of("a  b c") == std::vector<std::string>{"a", "b", "c"});
  CHECK(shown("Jos\u00e9\t\x1b[1m\xff\u0085") == "Jos\u00e9\\t\\x1b[1m\\xff\\xc2\\x85");
  CHECK(shown(std::string(300, 'a')) == std::string(200, 'a') + "...");
}
