#pragma once
/// Names and text files as people and programs write them, drawn by chance that a number keys.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/rng.h"

namespace lafs::test {

class TextMaker {
 public:
  explicit TextMaker(uint64_t key) : rng_(Rng(key_of("generated text")).fork(key)) {}

  int64_t number(int64_t low, int64_t past) { return rng_.integer(low, past); }
  bool coin(double probability = 0.5) { return rng_.coin(probability); }
  template <typename T>
  const T& one_of(const std::vector<T>& all) {
    return all[static_cast<size_t>(number(0, static_cast<int64_t>(all.size())))];
  }

  /// A name of a file or a person: letters of several scripts, composed and decomposed, digits, with `blanks` also those inside.
  std::string name(bool blanks) {
    static const std::vector<std::string> parts{"Ana", "Lopez",  "jos\u00e9", "Jose\u0301", "\u5f20\u4f1f", "\uae40", "\u0416\u0443\u043a",
                                                "x",   "O'Neil", "B-2",       "7",          "007",          "m.n",    "N\u0169",
                                                "+",   "(1)",    "#a",        "\u00df"};
    std::string text = one_of(parts);
    for (int64_t more = number(0, 3); more > 0; --more) text += (blanks && coin() ? " " : "_") + one_of(parts);
    return text;
  }
  /// Different names, none of digits alone unless `digits`.
  std::vector<std::string> names(int64_t count, bool blanks, bool digits = false) {
    std::set<std::string> all;
    while (static_cast<int64_t>(all.size()) < count) {
      std::string one = digits && coin(0.3) ? std::to_string(number(0, 100000)) : name(blanks);
      if (!digits && one.find_first_not_of("0123456789") == std::string::npos) continue;
      all.insert(std::move(one));
    }
    return {all.begin(), all.end()};
  }

  /// A file of these lines: with one of three line ends, with or without a byte order mark, empty lines, blanks around lines and a last
  /// line end.
  std::string file_of(const std::vector<std::string>& lines) {
    const std::string end = one_of(std::vector<std::string>{"\n", "\r\n", "\r"});
    std::string text = coin(0.3) ? "\xef\xbb\xbf" : "";
    const bool untidy = coin();
    for (size_t i = 0; i < lines.size(); ++i) {
      if (untidy && coin(0.2)) text += (coin() ? " \t" : "") + end;
      text += lines[i] + (untidy && coin(0.3) ? (coin() ? "  " : "\t") : "");
      if (i + 1 < lines.size() || coin(0.7)) text += end;
    }
    return text;
  }

  /// The same text as UTF-16, with or without a byte order mark; characters of the first plane only.
  std::string utf16(std::u32string_view text) {
    const bool big = coin();
    std::string out = coin() ? (big ? "\xfe\xff" : "\xff\xfe") : "";
    for (const char32_t c : text)
      for (const char32_t byte : {big ? c >> 8 : c & 255, big ? c & 255 : c >> 8}) out += static_cast<char>(byte);
    return out;
  }

 private:
  Rng rng_;
};

}  // namespace lafs::test
