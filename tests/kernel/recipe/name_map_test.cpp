#include "kernel/recipe/name_map.h"

#include <doctest/doctest.h>

#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/diagnostics.h"
#include "kernel/registry/registry.h"
#include "lafs/error.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs {
namespace {

using Names = std::vector<std::string>;

NameMap map_of(const std::string& text) {
  const test::ScratchFolder folder;
  test::write_bytes(folder / "toy.toml", text);
  return read_name_map(folder / "toy.toml");
}

std::vector<std::string> taken(const NameMap& map, const Names& names) {
  std::vector<std::string> out;
  for (const auto& [place, name] : map_names(map, names, "x.pth").taken) out.push_back(name);
  return out;
}

const std::string head = "doc = \"toys\"\n[[rule]]\n";

}  // namespace

TEST_CASE("name map: beginnings are stripped at the start only, and until none is left") {
  const NameMap map = map_of(head + "strip = [\"module.\", \"backbone.\"]\n");
  CHECK(taken(map, {"module.backbone.a", "backbone.module.module.b", "c.module.d", "e"}) == Names{"a", "b", "c.module.d", "e"});
}

TEST_CASE("name map: a rule selects a key, keeps and drops by globs, and renames beginnings") {
  const NameMap map =
      map_of(head +
             "select = [\"teacher\"]\nstrip = [\"module.\"]\nonly = [\"backbone.*\", \"head.*\"]\ndrop = [\"*.loss.weight\"]\n"
             "rename = [{ from = \"head.\", to = \"projector.\" }, { from = \"\", to = \"teacher.\" }]\n");
  const Names names{"student.backbone.a", "teacher.module.backbone.a", "teacher.head.b", "teacher.backbone.loss.weight", "teacher.other"};
  CHECK(taken(map, names) == Names{"teacher.backbone.a", "projector.b"});
  CHECK(map_names(map, names, "x.pth").dropped == Names{"teacher.backbone.loss.weight", "teacher.other"});
}

TEST_CASE("name map: the first key that is there is selected, the file itself last") {
  const NameMap map = map_of(head + "select = [\"state_dict\", \"\"]\n");
  CHECK(taken(map, {"state_dict.a", "epoch"}) == Names{"a"});
  CHECK(taken(map, {"a", "b.c"}) == Names{"a", "b.c"});
}

TEST_CASE("name map: two names that become one, a key that is missing, and nothing to take are errors") {
  const NameMap map = map_of(head + "select = [\"teacher\"]\nstrip = [\"module.\"]\nonly = [\"a*\"]\n");
  CHECK_THROWS_WITH_AS(map_names(map, {"teacher.module.a", "teacher.a"}, "x.pth"),
                       "\"x.pth\": map \"toy\" makes \"a\" of both \"teacher.module.a\" and \"teacher.a\"", Error);
  CHECK_THROWS_WITH_AS(map_names(map, {"student.a", "state_dict.b"}, "x.pth"),
                       "\"x.pth\" has no \"teacher\", which map \"toy\" takes; it has \"state_dict\", \"student\"", Error);
  CHECK_THROWS_WITH_AS(map_names(map, {"teacher.b"}, "x.pth"), "map \"toy\" takes nothing from \"x.pth\"", Error);
  CHECK_THROWS_WITH_AS(map_names(map, {}, "x.pth"), "\"x.pth\" holds no tensors", Error);
}

TEST_CASE("name map: run backwards it gives names that it would bring back") {
  const NameMap map = map_of(head +
                             "select = [\"model\", \"student\"]\nstrip = [\"module.\"]\ndrop = [\"head.*\"]\nrestore = \"module.\"\n"
                             "rename = [{ from = \"loss.weight\", to = \"classifier.weight\" }, { from = \"\", to = \"backbone.\" }]\n");
  using Pair = std::pair<std::string, std::string>;
  CHECK(original_name(map, "backbone.a") == Pair{"student", "module.a"});
  CHECK(original_name(map, "classifier.weight") == Pair{"student", "module.loss.weight"});
  CHECK(!original_name(map, "backbone.head.b"));
  CHECK(!original_name(map, "other"));
  CHECK(!original_name(map, "backbone.loss.weight"));  // the map would make the classifier of it
}

TEST_CASE("name map: a name that no rename fits keeps it both ways") {
  const NameMap map = map_of(head + "select = [\"\"]\nrename = [{ from = \"fc.\", to = \"head.\" }]\n");
  CHECK(taken(map, {"fc.a", "b"}) == Names{"head.a", "b"});
  using Pair = std::pair<std::string, std::string>;
  CHECK(original_name(map, "head.a") == Pair{"", "fc.a"});
  CHECK(original_name(map, "b") == Pair{"", "b"});
  CHECK(!original_name(map, "fc.a"));
}

TEST_CASE("name map: mistakes in its file are reported with their place") {
  const test::ScratchFolder folder;
  const std::string file = (folder / "toy.toml").string();
  const auto lines = [&](const std::string& text) {
    test::write_bytes(file, text);
    try {
      read_name_map(file);
    } catch (const RecipeError& error) {
      return error.lines();
    }
    return std::vector<std::string>();
  };
  CHECK(fmt::format("{}", fmt::join(lines("doc = \"toys\"\n[[rule]]\nstirp = [\"a\"]\n"), "\n")) ==
        file + ":3:1: error: \"rule\" of a name map has no key \"stirp\"; did you mean \"strip\"?");
  CHECK(lines("doc = \"toys\"\n") == Names{file + ":1:1: error: a name map has no [[rule]]"});
  CHECK_THROWS_WITH_AS(read_name_map(folder / "none.toml"), ("cannot read \"" + (folder / "none.toml").string() + "\"").c_str(), Error);
}

TEST_CASE("name map: those beside the plugins are sound, and an unknown one suggests the nearest") {
  Registry registry;
  registry.load_folder(std::string(LAFS_TEST_FIXTURE_PLUGINS) + "/../plugins");
  CHECK(registry.maps().size() == 10);
  for (const auto& [name, file] : registry.maps()) {
    CAPTURE(name);
    const NameMap map = read_name_map(file);
    CHECK(map.name == name);
    CHECK(!map.doc.empty());
  }
  CHECK_THROWS_WITH_AS(registry.map("lafs_techer"), "there is no name map \"lafs_techer\"; did you mean \"lafs_teacher\"?", Error);
}

}  // namespace lafs
