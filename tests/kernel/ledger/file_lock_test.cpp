#include "kernel/ledger/file_lock.h"

#include <doctest/doctest.h>

#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs {
namespace {

TEST_CASE("file lock: one holder at a time, and the next one after it") {
  const test::ScratchFolder folder;
  {
    const FileLock first(folder / "lock");
    CHECK(first.held());
    CHECK(first.note().empty());
    const FileLock second(folder / "lock");
    CHECK(!second.held());
    CHECK(second.holder() == "another process");
  }
  CHECK(FileLock(folder / "lock").held());
}

TEST_CASE("file lock: a folder that does not exist is named") {
  const test::ScratchFolder folder;
  const std::string file = (folder / "none" / "lock").string();
  CHECK_THROWS_WITH(FileLock(folder / "none" / "lock"), ("cannot write \"" + file + "\": No such file or directory").c_str());
}

}  // namespace
}  // namespace lafs
