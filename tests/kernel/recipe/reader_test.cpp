#include "kernel/recipe/reader.h"

#include <doctest/doctest.h>

#include "kernel/recipe/lister.h"
#include "kernel/recipe/resolver.h"
#include "kernel/toys.h"

using namespace lafs;

namespace {

/// What reading these options of the toy augmentation says.
std::string toy_error(std::string_view toml) {
  return test::error_of([&] {
    Use<Augmentation> use("toy");
    read_options(toml, "t.toml", use, test::toys());
  });
}

std::string resolved(std::string_view toml, bool corrected = false) {
  Use<Augmentation> use("toy");
  read_options(toml, "t.toml", use, test::toys(), corrected);
  return options_text(use);
}

bool has(const std::string& text, const std::string& line) { return ("\n" + text).find("\n" + line + "\n") != std::string::npos; }

}  // namespace

TEST_CASE("reader: values have the exact type, and only reals take an integer") {
  CHECK(toy_error("count = \"ten\"") == "t.toml:1:9: error: count = \"ten\" is a string, not an integer");
  CHECK(toy_error("count = 2.0") == "t.toml:1:9: error: count = 2.0 is a real, not an integer");
  CHECK(toy_error("mirror = 1") == "t.toml:1:10: error: mirror = 1 is an integer, not a bool");
  CHECK(toy_error("mode = true") == "t.toml:1:8: error: mode = true is a bool, not a string");
  CHECK(toy_error("ceiling = [1]") == "t.toml:1:11: error: ceiling is a list, not a real");
  CHECK(toy_error("sizes = 8") == "t.toml:1:9: error: sizes = 8 is an integer, not a list of integers");
  CHECK(toy_error("sizes = [8, 9.5]") == "t.toml:1:13: error: sizes[1] = 9.5 is a real, not an integer");
  CHECK(toy_error("jitter = 3") == "t.toml:1:10: error: jitter = 3 is an integer, not a table");
  CHECK(toy_error("crops = 3") == "t.toml:1:9: error: crops = 3 is an integer, not a list of tables");
  CHECK(toy_error("crops = [3]") == "t.toml:1:10: error: crops[0] = 3 is an integer, not a table");
  CHECK(toy_error("mode = 1979-05-27") == "t.toml:1:8: error: mode is a time, not a string");
  CHECK(has(resolved("ceiling = 3"), "ceiling = 3.0"));
}

TEST_CASE("reader: a number outside its range repeats what the option is for") {
  CHECK(toy_error("\ntemperature = -0.1") == "t.toml:2:15: error: temperature = -0.1 is outside [0.01, 1] (softmax temperature)");
  CHECK(toy_error("count = 0") == "t.toml:1:9: error: count = 0 is less than 1 (views of a picture)");
  CHECK(toy_error("ceiling = 9") == "t.toml:1:11: error: ceiling = 9 is more than 8 (largest zoom)");
  CHECK(toy_error("temperature = nan") == "t.toml:1:15: error: temperature = nan is not a number (softmax temperature)");
  CHECK(toy_error("sizes = [8, 7]") == "t.toml:1:13: error: sizes[1] = 7 is outside [8, 512] (sides of the views, pixels)");
}

TEST_CASE("reader: an unknown choice or key gets the nearest one") {
  CHECK(toy_error("mode = \"center\"") == "t.toml:1:8: error: mode = \"center\" is not a choice; did you mean \"centre\"?");
  CHECK(toy_error("mode = \"left\"") == "t.toml:1:8: error: mode = \"left\" is not a choice; one of \"centre\", \"random\", \"corner\"");
  CHECK(toy_error("temprature = 1") ==
        "t.toml:1:1: error: augmentation \"toy\" has no parameter \"temprature\"; did you mean \"temperature\"?");
  CHECK(toy_error("[jitter]\namuont = 1") ==
        "t.toml:2:1: error: \"jitter\" of augmentation \"toy\" has no key \"amuont\"; did you mean \"amount\"?");
}

TEST_CASE("reader: a required key is missed at its table") {
  CHECK(toy_error("[[crops]]\nname = \"a\"\n[[crops]]\nscale = 0.5") ==
        "t.toml:3:1: error: \"crops\" of augmentation \"toy\" needs \"name\" (group of views)");
  Use<Evaluator> use("toy");
  CHECK(test::error_of([&] { read_options("folds = 5", "t.toml", use, test::toys()); }) ==
        "t.toml:1:1: error: evaluator \"toy\" needs \"protocol\" (name of the protocol)");
}

TEST_CASE("reader: every mistake is reported at once, in order") {
  CHECK(toy_error("words = [1]\ncount = 0\nmode = \"x\"\n") ==
        "t.toml:1:10: error: words[0] = 1 is an integer, not a string\n"
        "t.toml:2:9: error: count = 0 is less than 1 (views of a picture)\n"
        "t.toml:3:8: error: mode = \"x\" is not a choice; one of \"centre\", \"random\", \"corner\"");
}

TEST_CASE("reader: a schedule is a number or a table with keys of its own") {
  CHECK(has(resolved("strength = 1"), "strength = 1.0"));
  CHECK(has(resolved("strength = { shape = \"constant\", from = 0.25 }"), "strength = 0.25"));
  CHECK(has(resolved("strength = { shape = \"cosine\", from = 1 }"),
            "strength = { shape = \"cosine\", from = 1.0, to = 0.0, warmup_epochs = 0.0, warmup_from = 0.0 }"));
  CHECK(toy_error("strength = 2") == "t.toml:1:12: error: strength = 2 is outside [0, 1] (strength over the run)");
  CHECK(toy_error("strength = \"x\"") == "t.toml:1:12: error: strength = \"x\" is a string, not a schedule (a number or a table)");
  CHECK(toy_error("strength = { shape = \"cosin\", from = 1 }") ==
        "t.toml:1:22: error: shape = \"cosin\" is not a choice; did you mean \"cosine\"?");
  CHECK(toy_error("strength = { shape = \"cosine\", to = 1 }") ==
        "t.toml:1:12: error: \"strength\" of augmentation \"toy\" needs \"from\" (strength over the run)");
  CHECK(toy_error("strength = { shape = \"cosine\", from = 1, too = 1 }") ==
        "t.toml:1:42: error: \"strength\" of augmentation \"toy\" has no key \"too\"; did you mean \"to\"?");
  CHECK(toy_error("strength = { shape = \"cosine\", from = 1, to = 3 }") ==
        "t.toml:1:47: error: to = 3 is outside [0, 1] (strength over the run)");
  CHECK(toy_error("strength = { shape = \"constant\", from = 1, to = 0.5 }") ==
        "t.toml:1:44: error: \"strength\" of augmentation \"toy\": shape \"constant\" takes no \"to\"");
}

TEST_CASE("reader: a shape takes its own keys, and its milestones rise") {
  CHECK(has(resolved("strength = { shape = \"polynomial\", from = 1, power = 2 }"),
            "strength = { shape = \"polynomial\", from = 1.0, to = 0.0, warmup_epochs = 0.0, warmup_from = 0.0, power = 2.0 }"));
  CHECK(has(
      resolved("strength = { shape = \"multi_step\", from = 1, milestones = [2, 3.5] }"),
      "strength = { shape = \"multi_step\", from = 1.0, warmup_epochs = 0.0, warmup_from = 0.0, milestones = [2.0, 3.5], factor = 0.1 }"));
  CHECK(has(resolved("strength = { shape = \"one_cycle\", from = 1 }"),
            "strength = { shape = \"one_cycle\", from = 1.0, to = 0.0, warmup_from = 0.0, peak_at = 0.3 }"));
  CHECK(toy_error("strength = { shape = \"cosine\", from = 1, power = 2 }") ==
        "t.toml:1:42: error: \"strength\" of augmentation \"toy\": shape \"cosine\" takes no \"power\"");
  CHECK(toy_error("strength = { shape = \"cosin\", from = 1, power = 2 }") ==
        "t.toml:1:22: error: shape = \"cosin\" is not a choice; did you mean \"cosine\"?");
  CHECK(toy_error("strength = { shape = \"multi_step\", from = 1 }") ==
        "t.toml:1:12: error: \"strength\" of augmentation \"toy\": shape \"multi_step\" needs \"milestones\"");
  CHECK(toy_error("strength = { shape = \"multi_step\", from = 1, milestones = [2, 2] }") ==
        "t.toml:1:59: error: milestones = [2, 2] do not rise");
}

TEST_CASE("reader: a nested component is a name or a table") {
  Use<DataSource> use("toy");
  read_options("inner = \"other\"\nsources = [\"other\", { use = \"toy\", size = 4 }]", "t.toml", use, test::toys());
  const std::string text = options_text(use);
  CHECK(has(text, "[inner]\nuse = \"other\"\nword = \"other\""));
  CHECK(has(text, "[[sources]]\nuse = \"toy\"\nsize = 4"));
  const auto error = [&](std::string_view toml) {
    return test::error_of([&] {
      Use<DataSource> other("toy");
      read_options(toml, "t.toml", other, test::toys());
    });
  };
  CHECK(error("inner = \"tyo\"") == "t.toml:1:9: error: no data_source \"tyo\"; did you mean \"toy\"?");
  CHECK(error("inner = { use = \"kaldi_speech\" }") ==
        "t.toml:1:17: error: no data_source \"kaldi_speech\"; one of \"other\", \"toy\"; plugins of your own are found in the folders of "
        "LAFS_PLUGIN_PATH, or named by [run] plugins");
  CHECK(error("inner = { size = 3 }") == "t.toml:1:9: error: data_source has no \"use\"; one of \"other\", \"toy\"");
  CHECK(error("inner = 3") == "t.toml:1:9: error: data_source is named by a string or a table with \"use\", not by an integer");
  CHECK(error("inner = { use = \"other\", size = 3 }") ==
        "t.toml:1:26: error: data_source \"other\" has no parameter \"size\"; one of \"use\", \"word\"");
  CHECK(error("sources = \"toy\"") == "t.toml:1:11: error: sources = \"toy\" is a string, not a list of data_source");
}

TEST_CASE("reader: a use remembers its place and the plugin's revision") {
  Use<DataSource> use;
  read_options("use = \"toy\"", "t.toml", use, test::toys());
  CHECK(use.name == "toy");
  CHECK(use.position == "t.toml:1:1");
  CHECK(use.revision == 3);
  REQUIRE(use.options);
}

TEST_CASE("reader: quirks follow the behaviour unless they are written") {
  CHECK(has(resolved(""), "two_sided = false"));
  CHECK(has(resolved(""), "momentum = 0.9"));
  CHECK(has(resolved("", true), "two_sided = true"));
  CHECK(has(resolved("", true), "momentum = 0.99"));
  CHECK(has(resolved("two_sided = false", true), "two_sided = false"));
}

TEST_CASE("reader: what is read and written again is the same") {
  const std::string once = resolved(
      "words = [\"a \\\"b\\\"\", \"\\u0001\\n\", \"\\\\ü\"]\nweights = [1e-300, 0.1, 1e22, 3]\nflags = [true, false]\n"
      "[[crops]]\nname = \"x\"\n[jitter]\ngrey = true");
  CHECK(has(once, "weights = [1e-300, 0.1, 1e+22, 3.0]"));
  CHECK(has(once, "words = [\"a \\\"b\\\"\", \"\\u0001\\n\", \"\\\\ü\"]"));
  CHECK(resolved(once) == once);
}

TEST_CASE("lister: every option is listed with type, default and rule") {
  const auto pages = list_options(*test::toys().find("augmentation", "toy")->registration.defaults);
  std::vector<std::string> lines;
  for (const OptionPage& page : pages) lines.push_back(page.key + " | " + page.type + " | " + page.fallback + " | " + page.rule);
  CHECK(lines == std::vector<std::string>{
                     "mirror | bool | true | ",
                     "count | integer | 2 | at least 1",
                     "temperature | real | 0.1 | in [0.01, 1]",
                     "ceiling | real | 4.0 | at most 8",
                     "mode | string | \"centre\" | one of \"centre\", \"random\", \"corner\"",
                     "sizes | list of integers | [112, 96] | in [8, 512]",
                     "weights | list of reals | [0.5, 0.5] | ",
                     "words | list of strings | [] | ",
                     "flags | list of bools | [] | ",
                     "strength | schedule | 0.5 | in [0, 1]",
                     "jitter | table |  | ",
                     "crops | list of tables |  | ",
                     "two_sided | bool | false | ",
                     "momentum | real | 0.9 | ",
                     "workers | integer | 1 | at least 1",
                 });
  CHECK(pages[12].quirk == "P99");
  CHECK(pages[12].corrected == "true");
  CHECK(pages[1].doc == "views of a picture");
  REQUIRE(pages[11].inner.size() == 2);
  CHECK(pages[11].inner[0].rule == "required");
  CHECK(pages[11].inner[1].fallback == "1.0");
  const auto sources = list_options(*test::toys().find("data_source", "toy")->registration.defaults);
  CHECK(sources[3].type == "data_source (a component)");
  CHECK(sources[4].type == "list of data_source (components)");
}
