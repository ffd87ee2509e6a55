#include "kernel/ledger/ledger.h"

#include <doctest/doctest.h>

#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

namespace lafs::test {
namespace {

namespace fs = std::filesystem;

const StageFacts facts{"pretrain", "0123", "data1", {"aaaa"}};

TEST_CASE("ledger: a stage is known by its identity, data and inputs, whatever it is called") {
  StageFacts same = facts;
  same.name = "other";
  CHECK(same.key() == facts.key());
  CHECK(facts.key().size() == 12);
  StageFacts identity = facts, data = facts, inputs = facts;
  identity.identity = "0124";
  data.data = "data2";
  inputs.inputs = {"aaab"};
  for (const StageFacts& other : {identity, data, inputs}) CHECK(other.key() != facts.key());
}

TEST_CASE("ledger: what one row entered, another finds under its own name") {
  const ScratchFolder root;
  const Ledger ledger(root / "stages");
  CHECK(ledger.stages().empty());
  CHECK(!fs::exists(root / "stages"));
  const fs::path folder = ledger.folder_of(facts);
  CHECK(folder.filename() == "pretrain-" + facts.key());
  ledger.enter(facts, "lafs.toml");
  StageFacts same = facts;
  same.name = "ssl";
  CHECK(ledger.folder_of(same) == folder);
  const auto stages = Ledger(root / "stages").stages();
  REQUIRE(stages.size() == 1);
  CHECK(stages[0].facts.key() == facts.key());
  CHECK(stages[0].facts.name == "pretrain");
  CHECK(stages[0].facts.inputs == facts.inputs);
  CHECK(stages[0].recipe == "lafs.toml");
}

TEST_CASE("ledger: without data a stage is known by identity and inputs, a finished one first") {
  const ScratchFolder root;
  const Ledger ledger(root.path());
  StageFacts other = facts, unknown = facts;
  other.data = "data2";
  unknown.data = "";
  ledger.enter(facts, "a.toml");
  ledger.enter(other, "a.toml");
  for (const StageFacts& finished : {facts, other}) {
    write_bytes(ledger.folder_of(finished) / "results.json", "{}");
    CHECK(ledger.folder_of(unknown) == ledger.folder_of(finished));
    fs::remove(ledger.folder_of(finished) / "results.json");
  }
  unknown.inputs = {};
  CHECK(!fs::exists(ledger.folder_of(unknown)));
}

TEST_CASE("ledger: progress of a stage") {
  const ScratchFolder root;
  const Ledger ledger(root.path());
  ledger.enter(facts, "a.toml");
  const auto progress = [&] { return stage_progress(ledger.stages().front()); };
  CHECK(!progress().finished);
  CHECK(progress().step == -1);
  CHECK(progress().user.empty());
  const int64_t before = progress().bytes;
  write_bytes(ledger.folder_of(facts) / "results.json", "{}");
  fs::create_hard_link(ledger.folder_of(facts) / "results.json", ledger.folder_of(facts) / "again.json");
  CHECK(progress().finished);
  CHECK(!progress().has_weights);
  CHECK(progress().bytes == before + 2);
}

TEST_CASE("ledger: one of a newer version, and a file in its place") {
  const ScratchFolder root;
  write_bytes(root / "ledger.json", "{\"format\": 2}");
  CHECK(error_of([&] { Ledger ledger(root.path()); }) ==
        "the ledger \"" + root.path().string() +
            "\" has format 2, and this version of lafs knows formats up to 1: it was written by a newer one; use that, or another ledger");
  write_bytes(root / "file", "");
  CHECK(error_of([&] { Ledger ledger(root / "file"); }) == "\"" + (root / "file").string() + "\" is a file, and no folder of a ledger");
  write_bytes(root / "ledger.json", "no json");
  CHECK(Ledger(root.path()).stages().empty());
}

}  // namespace
}  // namespace lafs::test
