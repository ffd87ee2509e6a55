#include "runner/report/telling_names.h"

#include <doctest/doctest.h>

#include "support/error_of.h"
#include "support/run_folder.h"

namespace lafs {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("names: the last part of a path, or as many as tell it from the others") {
  CHECK(telling_names({"runs/one", "runs/two/"}) == Names{"one", "two"});
  CHECK(telling_names({"a/run", "b/run"}) == Names{"a/run", "b/run"});
  CHECK(telling_names({"x/a/run", "y/a/run", "other"}) == Names{"x/a/run", "y/a/run", "other"});
  CHECK(telling_names({}).empty());
}

TEST_CASE("names: a file is called without its ending, unless that tells it from another") {
  const test::RunFolder folder;
  folder.write("one.json", "{}");
  folder.write("one.npy", "");
  CHECK(telling_names({folder.path / "one.json"}) == Names{"one"});
  CHECK(telling_names({folder.path / "one.json", folder.path / "one.npy"}) == Names{"one.json", "one.npy"});
}

TEST_CASE("names: files that share endings and folders are told apart by both") {
  CHECK(telling_names({"a/m.pt", "a/m.onnx", "b/m.pt", "b/m.onnx"}) == Names{"a/m.pt", "a/m.onnx", "b/m.pt", "b/m.onnx"});
  CHECK(telling_names({"a/run/", "a/run.json"}) == Names{"run", "run.json"});
}

TEST_CASE("names: a folder with a point in its name keeps it") {
  const test::RunFolder folder;
  std::filesystem::create_directories(folder.path / "lr=0.1");
  CHECK(telling_names({folder.path / "lr=0.1"}) == Names{"lr=0.1"});
}

TEST_CASE("names: a path that is given twice is refused, however it is written") {
  CHECK(test::error_of([] { telling_names({"runs/one", "runs/./one/"}); }) == "\"runs/./one/\" is given twice");
}

}  // namespace
}  // namespace lafs
