#include "kernel/recipe/recipe.h"
#include "kernel/recipe/layers.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/toys.h"
#include "support/bytes.h"
#include "support/generated_text.h"
#include "support/scratch.h"

using namespace lafs;
using test::recipe;
using test::recipe_error;

namespace {

std::string file_error(const std::string& file, const RecipeContext& context = {}) {
  return test::error_of([&] { open_recipe(file, context, test::toys()); });
}

bool has(const std::string& text, const std::string& line) { return ("\n" + text).find("\n" + line + "\n") != std::string::npos; }

constexpr std::string_view full = R"(
title = "everything"
[run]
epochs = 5
behaviour = "corrected"
[input]
preset = "dino_face"
[data_source]
use = "toy"
root = "pictures"
lists = ["a.txt", "@data/b.txt"]
sources = [{ use = "toy", size = 2 }, "other"]
[augmentation]
use = "toy"
strength = { shape = "cosine", from = 0.1, to = 0, warmup_epochs = 2 }
[[augmentation.crops]]
name = "global"
[[init]]
from = "weights.safetensors"
[[evaluator]]
use = "toy"
protocol = "lfw"
[[evaluator]]
use = "toy"
name = "second"
protocol = "cfp"
folds = 5
)";

}  // namespace

TEST_CASE("recipe: generated line ends and byte order marks change nothing, and UTF-16 is named") {
  const test::ScratchFolder folder;
  const std::string file = (folder / "r.toml").string();
  std::vector<std::string> lines;
  for (std::string_view rest = full; !rest.empty(); rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size())))
    if (const std::string_view line = rest.substr(0, rest.find('\n')); !line.empty()) lines.emplace_back(line);
  const auto read = [&](const std::string& bytes) {
    test::write_bytes(file, bytes);
    return open_recipe(file, {}, test::toys()).resolved;
  };
  std::string plain;
  for (const std::string& line : lines) plain += line + "\n";
  const std::string expected = read(plain);
  int wrong = 0;
  const int recipes = 60;
  for (int n = 0; n < recipes; ++n) wrong += read(test::TextMaker(static_cast<uint64_t>(n)).file_of(lines)) == expected ? 0 : 1;
  MESSAGE("read " << recipes << " generated recipes");
  CHECK(wrong == 0);
  test::write_bytes(file, "\xff\xfe[\0r\0u\0");
  CHECK(file_error(file) == file + ":1:1: error: the file is UTF-16 text; save it as UTF-8, as \"iconv -f UTF-16 -t UTF-8\" does");
}

TEST_CASE("recipe: the resolved text reads back to itself, from anywhere") {
  const Recipe first = recipe(full);
  CHECK(first.title == "everything");
  CHECK(first.input.mean[0] == 0.485);
  CHECK(first.run.threads > 0);
  CHECK(first.evaluators.size() == 2);
  CHECK(first.evaluators[0].name == "toy");
  CHECK(first.evaluators[1].name == "second");
  CHECK(first.init[0].from.value == (std::filesystem::current_path() / "weights.safetensors").string());
  CHECK(has(first.resolved, fmt::format("lists = [\"{}/a.txt\", \"@data/b.txt\"]", std::filesystem::current_path().string())));
  CHECK(has(first.resolved, "two_sided = true"));
  const Recipe second = open_recipe_text(first.resolved, "/elsewhere/other.toml", {}, test::toys());
  CHECK(second.resolved == first.resolved);
  CHECK(second.identity == first.identity);
}

TEST_CASE("recipe: the identity follows what can change a number, and nothing else") {
  const auto identity = [](std::vector<std::pair<std::string, std::string>> overrides) { return recipe(full, {overrides, ""}).identity; };
  const std::string plain = identity({});
  CHECK(plain.size() == 32);
  CHECK(identity({{"run.log_every", "3"}, {"run.device", "cpu"}, {"run.threads", "7"}}) == plain);
  CHECK(identity({{"evaluator.0.folds", "3"}}) == plain);
  CHECK(identity({{"augmentation.workers", "3"}, {"data_source.root", "other"}, {"title", "t"}}) == plain);
  CHECK(identity({{"run.seed", "3"}}) != plain);
  CHECK(identity({{"run.loss_scale.start", "8"}}) == plain);
  const std::string fp16 = identity({{"run.precision", "fp16"}});
  CHECK(fp16 != plain);
  CHECK(identity({{"run.precision", "fp16"}, {"run.loss_scale.start", "8"}}) != fp16);
  CHECK(identity({{"augmentation.count", "3"}}) != plain);
  CHECK(identity({{"augmentation.crops.0.scale", "0.5"}}) != plain);
  CHECK(identity({{"init.0.floor", "0.5"}}) != plain);
}

TEST_CASE("recipe: a file of weights is known by what is in it, not by where it is") {
  const test::ScratchFolder folder;
  test::write_bytes(folder / "a.pth", "weights");
  test::write_bytes(folder / "b.pth", "weights");
  test::write_bytes(folder / "c.pth", "others");
  const auto identity = [&](const std::string& name) {
    return recipe(fmt::format("{}\n[[init]]\nfrom = \"{}\"\n", full, (folder / name).string()), {}).identity;
  };
  CHECK(identity("a.pth") == identity("b.pth"));
  CHECK(identity("a.pth") != identity("c.pth"));
  CHECK(identity("none.pth") != identity("other.pth"));
}

TEST_CASE("recipe: unknown tables and keys are named with the nearest right one") {
  CHECK(recipe_error("[objectiv]\nuse = \"x\"") == "r.toml:1:2: error: a recipe has no table \"objectiv\"; did you mean \"objective\"?");
  CHECK(recipe_error("[run]\neopchs = 3") == "r.toml:2:1: error: [run] has no key \"eopchs\"; did you mean \"epochs\"?");
  CHECK(recipe_error("[backbone]\nuse = \"fvti\"") == "r.toml:2:7: error: no backbone \"fvti\"");
  CHECK(recipe_error("[augmentation]\nuse = \"toi\"") == "r.toml:2:7: error: no augmentation \"toi\"; did you mean \"toy\"?");
  CHECK(recipe_error("run = 3") == "r.toml:1:7: error: run is an integer, not a table");
  CHECK(recipe_error("title = 3") == "r.toml:1:9: error: title is an integer, not a string");
  CHECK(recipe_error("[evaluator]\nuse = \"toy\"") == "r.toml:1:1: error: evaluator is a table, not a list of tables: write [[evaluator]]");
  CHECK(recipe_error("[[evaluator]]\nuse = \"toy\"\nprotocol = \"a\"\nfold = 3") ==
        "r.toml:4:1: error: evaluator \"toy\" has no parameter \"fold\"; did you mean \"folds\"?");
  CHECK(recipe_error("[[init]]\nflor = 1\n") ==
        "r.toml:1:1: error: [[init]] needs \"from\" (a safetensors or .pth file, the index of one in parts, or the folder of a checkpoint, "
        "of a run or of Hugging Face)\n"
        "r.toml:2:1: error: [[init]] has no key \"flor\"; did you mean \"floor\"?");
}

TEST_CASE("recipe: a mistake of syntax has its place") {
  const std::string said = recipe_error("[run]\nepochs = = 3");
  CHECK_MESSAGE(said.starts_with("r.toml:2:10: error: is not TOML: "), said);
}

TEST_CASE("recipe: a warm-up longer than the run is an error") {
  CHECK(recipe_error("[run]\nepochs = 3\n[augmentation]\nuse = \"toy\"\nstrength = { shape = \"cosine\", from = 1, warmup_epochs = 4 }") ==
        "r.toml:5:58: error: warmup_epochs = 4 is more than the 3 epochs of the run");
  // Whose objective may shorten it.
  CHECK(
      recipe_error("[run]\nepochs = 3\n[augmentation]\nuse = \"toy\"\nstrength = { shape = \"epoch_linear\", from = 1, warmup_epochs = 4 }")
          .find("warmup_epochs") == std::string::npos);
}

TEST_CASE("recipe: a file that is not there is an error by itself") {
  CHECK(file_error("/nowhere/r.toml") == "/nowhere/r.toml: error: no such file");
}

TEST_CASE("bases: deriving tables override key by key, and lists of tables as a whole") {
  const test::Folder folder("bases");
  folder.write("sub/base.toml",
               "[run]\nepochs = 3\nseed = 4\n[augmentation]\nuse = \"toy\"\ncount = 5\njitter = { amount = 0.5, grey = true }\n"
               "[data_source]\nuse = \"toy\"\nroot = \"here\"\n[[evaluator]]\nuse = \"toy\"\nprotocol = \"a\"\n");
  const std::string file =
      folder.write("r.toml",
                   "base = \"sub/base.toml\"\n[run]\nepochs = 7\n[augmentation.jitter]\namount = 0.25\n"
                   "[[evaluator]]\nuse = \"toy\"\nprotocol = \"b\"\n[[evaluator]]\nuse = \"toy\"\nname = \"c\"\nprotocol = \"c\"\n");
  const Recipe read = open_recipe(file, {}, test::toys());
  CHECK(read.run.epochs == 7);
  CHECK(read.run.seed == 4);
  CHECK(has(read.resolved, "count = 5"));
  CHECK(has(read.resolved, "[augmentation.jitter]\namount = 0.25\ngrey = true"));
  CHECK(has(read.resolved, fmt::format("root = \"{}/sub/here\"", folder.text())));
  CHECK(read.evaluators.size() == 2);
}

TEST_CASE("bases: another plugin drops the options of the former one") {
  const test::Folder folder("another");
  folder.write("base.toml", "[data_source]\nuse = \"toy\"\nsize = 5\n");
  CHECK(has(open_recipe(folder.write("r.toml", "base = \"base.toml\"\ndata_source = { use = \"other\", word = \"new\" }"), {}, test::toys())
                .resolved,
            "[data_source]\nuse = \"other\"\nword = \"new\""));
  CHECK(file_error(folder.write("r.toml", "base = \"base.toml\"\n[data_source]\nuse = \"other\"\nsize = 2")) ==
        folder.text() + "/r.toml:4:1: error: data_source \"other\" has no parameter \"size\"; one of \"use\", \"word\"");
  const Recipe set =
      open_recipe(folder.text() + "/base.toml", {{{"data_source.use", "other"}, {"data_source.word", "w"}}, ""}, test::toys());
  CHECK(has(set.resolved, "[data_source]\nuse = \"other\"\nword = \"w\""));
}

TEST_CASE("recipe: two evaluators of one name, or of one file of scores, are refused") {
  const std::string toy = "[[evaluator]]\nuse = \"toy\"\nprotocol = \"a\"\n";
  CHECK(recipe_error(toy + toy) ==
        "r.toml:4:1: error: two evaluators are named \"toy\", and results are kept by name: set name = \"toy 2\" or another one");
  CHECK(recipe_error(toy + "name = \"a/b\"\n" + toy + "name = \"a_b\"\n") ==
        "r.toml:5:1: error: the evaluators \"a/b\" and \"a_b\" would keep their scores in one file: set another name");
}

TEST_CASE("bases: mistakes are reported at the file that made them") {
  const test::Folder folder("positions");
  folder.write("base.toml", "[run]\nepochs = 0\n");
  CHECK(file_error(folder.write("r.toml", "base = \"base.toml\"\n[run]\nseed = -1\n")) ==
        fmt::format("{0}/base.toml:2:10: error: epochs = 0 is outside [1, 1000000000] (passes over the training data)\n"
                    "{0}/r.toml:3:8: error: seed = -1 is less than 0 (seed of all random numbers in the run)",
                    folder.text()));
}

TEST_CASE("bases: a cycle names its chain, and a missing base its file") {
  const test::Folder folder("cycle");
  const std::string a = folder.write("a.toml", "base = \"b.toml\""), b = folder.write("b.toml", "base = [\"a.toml\"]");
  CHECK(file_error(a) == fmt::format("{1}:1:9: error: \"a.toml\" is a base of itself: {0} -> {1} -> {0}", a, b));
  const std::string c = folder.write("c.toml", "base = \"none.toml\"");
  CHECK(file_error(c) == fmt::format("{}:1:8: error: base \"none.toml\" does not exist: no file \"{}/none.toml\"", c, folder.text()));
  const std::string d = folder.write("d.toml", "base = 3");
  CHECK(file_error(d) == d + ":1:8: error: base must be the name of a file, or a list of names");
}

TEST_CASE("bases: two of them may not set one key differently, unless the file itself sets it") {
  const test::Folder folder("conflict");
  const std::string a = folder.write("a.toml", "[run]\nepochs = 3\nseed = 5\n[data_source]\nuse = \"toy\"\nsize = 9\n");
  const std::string b = folder.write("b.toml", "[run]\nseed = 5\nepochs = 4\n[data_source]\nuse = \"other\"\n");
  const std::string r = folder.write("r.toml", "base = [\"a.toml\", \"b.toml\"]");
  CHECK(file_error(r) ==
        fmt::format("{0}:1:19: error: two bases set \"data_source.use\" differently: {1}:5:7 and {2}:5:7; set it here, or remove one\n"
                    "{0}:1:19: error: two bases set \"run.epochs\" differently: {1}:2:10 and {2}:3:10; set it here, or remove one",
                    r, a, b));
  const Recipe read =
      open_recipe(folder.write("s.toml", "base = [\"a.toml\", \"b.toml\"]\nrun.epochs = 6\ndata_source.use = \"toy\""), {}, test::toys());
  CHECK(read.run.epochs == 6);
  CHECK(has(read.resolved, "[data_source]\nuse = \"toy\"\nsize = 9"));
}

TEST_CASE("overrides: a key makes its tables, and a value is TOML or a bare string") {
  const Recipe read = recipe("", {{{"run.epochs", "12"},
                                   {"run.precision", "bf16"},
                                   {"augmentation.use", "toy"},
                                   {"augmentation.jitter.amount", "0.5"},
                                   {"evaluator.0.use", "toy"},
                                   {"evaluator.0.protocol", "lfw"},
                                   {"data_source", "{ use = \"toy\", size = 3 }"}},
                                  ""});
  CHECK(read.run.epochs == 12);
  CHECK(read.run.precision == "bf16");
  CHECK(has(read.resolved, "[augmentation.jitter]\namount = 0.5"));
  CHECK(has(read.resolved, "[data_source]\nuse = \"toy\"\nsize = 3"));
  CHECK(read.evaluators.size() == 1);
}

TEST_CASE("overrides: a preset takes the place of numbers from below, and numbers beside it stay") {
  const std::string numbers = "[input]\npreset = \"custom\"\nmean = [0.25, 0.25, 0.25]\nstd = [2, 2, 2]\n";
  const auto input = [&](std::vector<std::pair<std::string, std::string>> overrides) {
    return recipe(numbers, {std::move(overrides), ""}).input;
  };
  CHECK(input({}).mean[0] == 0.25);
  CHECK(input({{"input.preset", "lafs"}}).mean[0] == 0.5);
  CHECK(input({{"input.preset", "lafs"}}).std[2] == 0.5);
  CHECK(input({{"input.preset", "lafs"}, {"input.std", "[1, 1, 1]"}}).std[2] == 1);
  CHECK(input({{"input.preset", "custom"}}).std[2] == 2);
}

TEST_CASE("overrides: mistakes are reported by the key") {
  CHECK(recipe_error(full, {{{"evaluator.1.folds", "1"}, {"evaluator.5.folds", "3"}, {"run.eopchs", "2"}, {"a..b", "1"}}, ""}) ==
        "--set a..b: error: \"a..b\" is not a key\n"
        "--set evaluator.1.folds: error: folds = 1 is outside [2, 100] (parts of the cross-validation)\n"
        "--set evaluator.5.folds: error: \"evaluator\" has no item 5; it has 2, counted from 0\n"
        "--set run.eopchs: error: [run] has no key \"eopchs\"; did you mean \"epochs\"?");
}

TEST_CASE("overrides: a table or list that is begun is not a bare string") {
  CHECK(recipe_error(full, {{{"data_source", "{ use = \"toy\""}}, ""}) ==
        "--set data_source: error: is not a valid TOML table or list: error while parsing inline table: encountered end-of-file; "
        "a string that begins with \"{\" must be quoted");
  CHECK(recipe_error(full, {{{"run.plugins", "[\"a.so\", "}}, ""}) ==
        "--set run.plugins: error: is not a valid TOML table or list: error while parsing array: encountered end-of-file; "
        "a string that begins with \"[\" must be quoted");
}

TEST_CASE("overrides: an item that is not a table is reported at its place") {
  CHECK(recipe_error(full, {{{"evaluator.0", "3"}}, ""}) == "--set evaluator.0: error: an item of evaluator is an integer, not a table");
}

TEST_CASE("overrides: base is of files alone") {
  CHECK(recipe_error(full, {{{"base", "other.toml"}}, ""}) == "--set base: error: base can only be set in a recipe file");
}

TEST_CASE("bases: one that cannot be read is not taken for an empty one") {
  const std::string unreadable = "/proc/self/mem";  // a file whose first byte nobody may read, whoever asks
  CHECK(recipe_error("base = \"" + unreadable + "\"") ==
        "r.toml:1:8: error: base \"" + unreadable + "\" cannot be read: Input/output error");
  CHECK(test::error_of([&] { open_recipe(unreadable, {}, test::toys()); }) == unreadable + ": error: cannot be read: Input/output error");
}

TEST_CASE("input: mean and std have a number for each channel") {
  CHECK(recipe_error("[input]\nmean = [1, 2]") == "[input] mean has 2 numbers; it needs 3, one for each channel");
}

TEST_CASE("overrides: a component has the place of what names its plugin") {
  CHECK(recipe("[data_source]\nuse = \"toy\"", {{{"data_source", "{ use = \"other\" }"}}, ""}).data_source.position == "--set data_source");
  CHECK(recipe("[augmentation]\nuse = \"toy\"", {{{"augmentation.count", "3"}}, ""}).augmentation.position == "r.toml:1:1");
}

TEST_CASE("paths: they are relative to the file that wrote them, or begin with a root") {
  const test::Folder folder("paths");
  folder.write("sub/base.toml",
               "[paths]\ndata = \"faces\"\nmodels = \"@data/models\"\n[data_source]\nuse = \"toy\"\nroot = \"@data/lfw\"\nlists = "
               "[\"@models/a\"]\n");
  const std::string file = folder.write("r.toml", "base = \"sub/base.toml\"\n");
  const std::string faces = folder.text() + "/sub/faces";
  CHECK(has(open_recipe(file, {}, test::toys()).resolved, fmt::format("root = \"{0}/lfw\"\nlists = [\"{0}/models/a\"]", faces)));
  CHECK(open_recipe(file, {{}, "/given"}, test::toys()).paths.at("data") == faces);
  CHECK(open_recipe(file, {{{"paths.data", "/set"}}, "/given"}, test::toys()).paths.at("data") == "/set");
  CHECK(has(recipe("data_source = { use = \"toy\", root = \"@data/lfw\" }", {{}, "/given"}).resolved, "root = \"/given/lfw\""));
  CHECK(has(recipe("", {{{"data_source.use", "toy"}, {"data_source.root", "\"x/../y/\""}}, ""}).resolved,
            fmt::format("root = \"{}/y\"", std::filesystem::current_path().string())));
}

TEST_CASE("paths: without a data root @data stays, and another unknown root is an error") {
  CHECK(has(recipe("data_source = { use = \"toy\", root = \"@data/lfw\" }").resolved, "root = \"@data/lfw\""));
  CHECK(recipe_error("paths.models = \"/m\"\n[data_source]\nuse = \"toy\"\nroot = \"@modles/x\"") ==
        "r.toml:4:8: error: \"@modles/x\" begins with a root that [paths] does not have; did you mean \"models\"?");
  CHECK(recipe_error("paths.data = 3") == "r.toml:1:14: error: data is an integer, not a path");
}

TEST_CASE("recipe: libraries of [run] plugins are loaded before components are looked up") {
  Registry registry;
  const std::string text = fmt::format("[run]\nplugins = [\"{}\"]\n[augmentation]\nuse = \"toy\"", test::fixture("toys"));
  const Recipe read = open_recipe_text(text, "r.toml", {}, registry);
  CHECK(read.run.plugins == std::vector<Path>{{test::fixture("toys")}});
  CHECK(registry.find("augmentation", "toy"));
  CHECK(test::error_of([&] { open_recipe_text("run.plugins = [\"/none.so\"]", "r.toml", {}, registry); }) ==
        "r.toml:1:16: error: /none.so: no such file");
}

TEST_CASE("recipe: loading is a step of its own, and what fails in it is reported with the mistakes of reading") {
  const std::string text = fmt::format("[run]\nplugins = [\"{}\"]\n[augmentation]\nuse = \"toy\"", test::fixture("toys"));
  Registry registry;
  Document document = read_document(text, "r.toml");
  apply_context(document, {});
  CHECK(test::error_of([&] { read_recipe(document, registry); }) == "r.toml:4:7: error: no augmentation \"toy\"");
  CHECK(registry.all().empty());
  load_recipe_plugins(document, registry);
  CHECK(read_recipe(document, registry).augmentation.name == "toy");
  CHECK(test::recipe_error("[run]\nplugins = [\"/none.so\"]\nepochs = 0") ==
        "r.toml:2:12: error: /none.so: no such file\n"
        "r.toml:3:10: error: epochs = 0 is outside [1, 1000000000] (passes over the training data)");
  CHECK(test::recipe_error("[run]\nplugins = [\"@modles/x.so\"]\n[paths]\nmodels = \"/m\"") ==
        "r.toml:2:12: error: \"@modles/x.so\" begins with a root that [paths] does not have; did you mean \"models\"?");
}

TEST_CASE("recipe: files of tests/fixtures/recipes are read as files") {
  const Recipe read = open_recipe(std::string(LAFS_TEST_FIXTURES) + "/recipes/derived.toml", {}, test::toys());
  CHECK(read.title == "derived");
  CHECK(read.run.epochs == 2);
  CHECK(read.evaluators.at(0).use.name == "toy");
  CHECK(open_recipe_text(read.resolved, "resolved.toml", {}, test::toys()).resolved == read.resolved);
}
