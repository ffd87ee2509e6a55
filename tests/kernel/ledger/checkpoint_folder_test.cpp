#include "kernel/ledger/checkpoint_folder.h"

#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/safetensors.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  test::write_bytes(file, text);
}

void write_checkpoint(const fs::path& folder, int64_t step, int64_t best_step, const std::string& identity = "feed") {
  fs::create_directories(folder);
  const float value = static_cast<float>(step);
  for (const char* file : {"weights.safetensors", "optimizer.safetensors"})
    formats::write_safetensors(folder / file, {{"w", "F32", {1}, std::as_bytes(std::span(&value, 1))}});
  RunPosition position;
  position.step = step;
  position.best_step = best_step;
  CheckpointFacts facts;
  facts.identity = identity;
  facts.encoder = "backbone";
  test::write_bytes(folder / "state.json", checkpoint_state_json(position, facts).dump());
}

/// A run folder with checkpoints 6 (best) and 7 (last), as a run leaves them.
struct Stopped {
  Stopped() {
    write_checkpoint(within("step-00000006"), 6, 6);
    write_checkpoint(within("step-00000007"), 7, 6);
    fs::create_directory_symlink("step-00000006", within("best"));
    fs::create_directory_symlink("step-00000007", within("last"));
  }
  fs::path within(const std::string& name) const { return folder / "checkpoints" / name; }
  CheckpointFolder checkpoints() const { return CheckpointFolder(folder.path()); }
  std::vector<std::string> repaired() const { return checkpoints().repair(checkpoints().survey().whole.at(0)); }
  std::set<std::string> names() const {
    std::set<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder / "checkpoints")) all.insert(entry.path().filename().string());
    return all;
  }
  void as_copied(const std::string& name) const {
    const fs::path target = within(fs::read_symlink(within(name)));
    fs::remove(within(name));
    fs::copy(target, within(name), fs::copy_options::recursive);
  }
  void as_text(const std::string& name, const std::string& ending) const {
    const std::string target = fs::read_symlink(within(name)).string();
    fs::remove(within(name));
    test::write_bytes(within(name), target + ending);
  }

  test::ScratchFolder folder;
};

TEST_CASE("checkpoint folder: what a run leaves needs no repair") {
  const Stopped run;
  CHECK(run.repaired().empty());
  CHECK(run.checkpoints().find("last") == run.within("step-00000007"));
  CHECK(run.checkpoints().find("best") == run.within("step-00000006"));
  CHECK(!run.checkpoints().has_dangling_name());
  CHECK(CheckpointFolder(run.folder / "none").survey().whole.empty());
  CHECK(CheckpointFolder(run.folder / "none").find("last").empty());
}

TEST_CASE("checkpoint folder: the best is an earlier one by its steps, whatever became of the links") {
  const Stopped run;
  CHECK(run.checkpoints().best_is_earlier());
  run.as_copied("best");
  run.as_copied("last");
  CHECK(run.checkpoints().best_is_earlier());
  for (const char* name : {"best", "last"}) fs::remove_all(run.within(name));
  for (const char* name : {"best", "last"}) fs::copy(run.within("step-00000007"), run.within(name), fs::copy_options::recursive);
  CHECK_FALSE(run.checkpoints().best_is_earlier());
  CHECK_FALSE(CheckpointFolder(run.folder / "none").best_is_earlier());
}

TEST_CASE("checkpoint folder: each repair is reported in a sentence") {
  const Stopped run;
  const std::string last = run.within("last").string(), best = run.within("best").string();
  SUBCASE("a link that became a folder") {
    run.as_copied("last");
    CHECK(run.repaired() == std::vector<std::string>{fmt::format("removed \"{}\", a copy of step-00000007", last),
                                                     fmt::format("\"{}\" did not name step-00000007, and does so again", last)});
  }
  SUBCASE("a folder that is all that is left of its checkpoint") {
    run.as_copied("best");
    fs::remove_all(run.within("step-00000006"));
    CHECK(run.repaired() == std::vector<std::string>{fmt::format("moved \"{}\" to step-00000006", best),
                                                     fmt::format("\"{}\" did not name step-00000006, and does so again", best)});
  }
  SUBCASE("a folder that was copied in part") {
    run.as_copied("last");
    fs::remove(run.within("last") / "optimizer.safetensors");
    CHECK(run.repaired() ==
          std::vector<std::string>{fmt::format("moved \"{}\" to \"{}.aside-1\": it is not a whole checkpoint", last, last),
                                   fmt::format("\"{}\" did not name step-00000007, and does so again", last)});
  }
  SUBCASE("links that were lost") {
    fs::remove(run.within("last"));
    fs::remove(run.within("best"));
    CHECK(run.checkpoints().find("last") == run.within("step-00000007"));
    CHECK(run.checkpoints().find("best") == run.within("step-00000006"));
    CHECK(run.repaired() == std::vector<std::string>{fmt::format("\"{}\" did not name step-00000006, and does so again", best),
                                                     fmt::format("\"{}\" did not name step-00000007, and does so again", last)});
  }
  CHECK(run.repaired().empty());
  CHECK(fs::read_symlink(run.within("last")) == "step-00000007");
  CHECK(fs::read_symlink(run.within("best")) == "step-00000006");
}

TEST_CASE("checkpoint folder: a link that became a file of text leads where it did, whatever ends the text") {
  for (const std::string& ending : std::vector<std::string>{"", "\n", "\r\n", std::string(1, '\0')}) {
    const Stopped run;
    run.as_text("last", ending);
    run.as_text("best", ending);
    CHECK(run.checkpoints().find("last") == run.within("step-00000007"));
    CHECK(run.checkpoints().find("best") == run.within("step-00000006"));
    CHECK(resolve_checkpoint(run.folder.path()) == run.within("step-00000006"));
    CHECK(resolve_checkpoint(run.within("last")) == run.within("step-00000007"));
  }
}

TEST_CASE("checkpoint folder: pruning takes only what is of this training and neither last nor best") {
  const Stopped run;
  write_checkpoint(run.within("step-00000003"), 3, 3);          // an earlier one of ours
  write_checkpoint(run.within("step-00000004"), 4, 4, "beef");  // of another training
  write_checkpoint(run.within("step-00000005"), 55, 5);         // renamed by somebody
  put(run.within("step-00000002/model.pt"), "x");               // of another program
  put(run.within("step-100/model.pt"), "x");                    //
  put(run.within(".step-00000009.part/weights.safetensors"), "x");
  put(run.within(".step-00000010.part/notes.txt"), "x");
  run.checkpoints().prune("feed");
  CHECK(run.names() == std::set<std::string>{"best", "last", "step-00000002", "step-00000004", "step-00000005", "step-00000006",
                                             "step-00000007", "step-100", ".step-00000010.part"});
}

TEST_CASE("checkpoint folder: a damaged checkpoint is named, and an older whole one is found") {
  const Stopped run;
  const fs::path state = run.within("step-00000007/state.json");
  test::write_bytes(state, "{");
  CHECK(run.checkpoints().survey().whole.at(0).position.step == 6);
  const auto reasons = run.checkpoints().survey().damaged;
  REQUIRE(reasons.size() == 1);
  CHECK(reasons[0].starts_with(fmt::format("step-00000007: \"{}\" is damaged: ", state.string())));
}

/// One of the things that happen to a name while a folder is copied.
void harm(const Stopped& run, const std::string& name, uint32_t how) {
  switch (how) {
    case 0:
      return;
    case 1:
      return void(fs::remove(run.within(name)));
    case 2:
      return run.as_copied(name);
    case 3:
      return run.as_text(name, "\n");
    case 4:
      return run.as_text(name, "");
    default:
      fs::remove(run.within(name)), fs::create_directory_symlink("step-00000099", run.within(name));
  }
}

TEST_CASE("checkpoint folder: whatever happens to the names, the newest whole checkpoint is found and nothing whole is lost") {
  int64_t tried = 0;
  for (uint32_t how_last = 0; how_last < 6; ++how_last) {
    for (uint32_t how_best = 0; how_best < 6; ++how_best) {
      for (uint32_t lost = 0; lost < 4; ++lost) {  // bit 0: step 6 is gone, bit 1: step 7 is
        const Stopped run;
        harm(run, "last", how_last);
        harm(run, "best", how_best);
        if (lost & 1) fs::remove_all(run.within("step-00000006"));
        if (lost & 2) fs::remove_all(run.within("step-00000007"));
        const bool has_6 = !(lost & 1) || how_best == 2, has_7 = !(lost & 2) || how_last == 2;
        const auto whole = run.checkpoints().survey().whole;
        REQUIRE(whole.size() == static_cast<size_t>(has_6) + static_cast<size_t>(has_7));
        ++tried;
        if (whole.empty()) continue;
        CHECK(whole[0].position.step == (has_7 ? 7 : 6));
        run.checkpoints().repair(whole[0]);
        CHECK(run.checkpoints().repair(run.checkpoints().survey().whole.at(0)).empty());
        CHECK(fs::exists(run.within("step-00000006/weights.safetensors")) == has_6);
        CHECK(fs::exists(run.within("step-00000007/weights.safetensors")) == has_7);
        CHECK(run.checkpoints().find("last") == run.within(CheckpointFolder::name_of(has_7 ? 7 : 6)));
      }
    }
  }
  MESSAGE(tried << " states of a folder, no wrong outcome");
}

}  // namespace
}  // namespace lafs
