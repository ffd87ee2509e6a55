#include "formats/near_name.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "formats/unicode_forms.h"
#include "support/generated_text.h"

using namespace lafs;
using namespace lafs::formats;

namespace {

std::string hint(const std::string& wanted, const std::vector<std::string>& there) {
  NearName near(wanted);
  for (const std::string& name : there) near.look(name);
  return near.hint();
}

}  // namespace

TEST_CASE("unicode forms: composed and decomposed letters of every script are taken apart alike") {
  const auto apart = [](const char* text) { return decomposed(code_points(text)); };
  CHECK(apart("Jos\u00e9") == apart("Jose\u0301"));
  CHECK(apart("\u1ec7") == apart("e\u0323\u0302"));
  CHECK(apart("\u1ec7") == apart("e\u0302\u0323"));
  CHECK(apart("\u0439\u0451") == apart("\u0438\u0306\u0435\u0308"));
  CHECK(apart("\u03ac") == apart("\u03b1\u0301"));
  CHECK(apart("\uae40") == apart("\u1100\u1175\u11b7"));
  CHECK(apart("\u30ac") == apart("\u30ab\u3099"));
  CHECK(apart("\u212b") == apart("A\u030a"));
  CHECK(in_small_letters(U"\u00c9A\u0416") == U"\u00e9a\u0436");
  CHECK(is_utf8("Jos\u00e9"));
  for (const char* no : {"\xe9", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) CHECK_FALSE(is_utf8(no));
}

TEST_CASE("near name: the likely cause of a missing name is reported") {
  const std::vector<std::string> people{"Ana Lopez", "Bob", "Carol", "Jos\u00e9"};
  CHECK(hint("Jso\u00e9", people) == "; did you mean \"Jos\u00e9\"?");
  CHECK(hint("JOS\u00c9", people) == "; did you mean \"Jos\u00e9\"? capital and small letters differ");
  CHECK(hint("Jose\u0301", people) ==
        "; \"Jos\u00e9\" is there, in another Unicode form: write accents in the list as the data has them, in one character with their "
        "letter "
        "(NFC)");
  CHECK(hint("Ana\u00a0Lopez", people) == "; did you mean \"Ana Lopez\"? blanks or invisible characters differ");
  CHECK(hint("Bob\u200b", people) == "; did you mean \"Bob\"? blanks or invisible characters differ");
  CHECK(hint("people/Bob", people) == "; \"Bob\" is there: write it without the folders before it");
  CHECK(hint("Bob,3", people) == "; \"Bob\" is there: separate what follows it with a tab, not with \",\"");
  CHECK(hint("Zebulon", people) == "");
  CHECK(hint("Jos\xe9", people) == "; it is not UTF-8 text: save the list as UTF-8");
  CHECK(hint("\"Zebulon\"", people) == "; names are written without quotes");
  CHECK(hint("# of the test", people) == "; a list has no comments: remove the line");
  CHECK(hint("0.jpg", {"a/0.jpg", "b/1.jpg"}) == "; \"a/0.jpg\" is there: write it with its folders");
  CHECK(hint("a\\0.jpg", {"a/0.jpg"}) == "; \"a/0.jpg\" is there: write folders with \"/\"");
  CHECK(hint("a/0", {"a/0.jpg"}) == "; \"a/0.jpg\" is there: write its ending too");
  CHECK(hint("7", {"00007", "00008"}) == "; did you mean \"00007\"? the zeros before a number count");
  CHECK(hint("00009", {"00007", "00008"}) == "");
  CHECK(hint("p00/9.jpg", {"p00/1.jpg"}) == "");
}

TEST_CASE("near name: of generated names, the one that was changed is found again with the change") {
  int tried = 0, wrong = 0;
  for (uint64_t n = 0; n < 300; ++n) {
    test::TextMaker make(n);
    std::vector<std::string> names;
    for (const std::string& name : make.names(12, true)) {
      const std::u32string form = decomposed(code_points(name));
      const bool known = std::any_of(names.begin(), names.end(), [&](const std::string& other) {
        return in_small_letters(decomposed(code_points(other))) == in_small_letters(form);
      });
      if (!known) names.push_back(name);
    }
    const std::string name = make.one_of(names);
    const auto told = [&](const std::string& changed, const char* what) {
      ++tried;
      const std::string text = hint(changed, names);
      wrong += text.find("\"" + name + "\"") != std::string::npos && text.find(what) != std::string::npos ? 0 : 1;
    };
    told("set/of/" + name, "without the folders");
    told(name + "," + std::to_string(n), "separate");
    told("\u200b" + name, "invisible");
    if (name.find("Jose\u0301") != std::string::npos) {
      std::string other = name;
      told(other.replace(other.find("Jose\u0301"), 6, "Jos\u00e9"), "another Unicode form");
    }
  }
  MESSAGE("looked for " << tried << " changed names");
  CHECK(wrong == 0);
}
