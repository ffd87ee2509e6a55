/// What a run does to the folder it is given, and what others do to a run's folder.
#include <set>

#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

void put(const fs::path& file, std::string_view text) {
  fs::create_directories(file.parent_path());
  write_bytes(file, text);
}

/// Every file below a folder with its bytes.
std::map<std::string, std::string> content(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().string()] = read_bytes(entry.path());
  }
  return files;
}

void check_refused(const Tiny& tiny, const Arguments& arguments, const std::string& error) {
  const auto before = content(tiny / "");
  const Outcome outcome = lafs(arguments);
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "lafs: error: " + error + "\n");
  CHECK(content(tiny / "") == before);
}

TEST_CASE("run folder: one that holds other things is refused, and nothing in it changes") {
  const Tiny tiny;
  const fs::path out = tiny / "out";
  SUBCASE("a thesis") {
    for (const char* name : {"chapter1.tex", "figures/a.png", "report.html", "thesis.tex"}) put(out / name, name);
    check_refused(tiny, tiny.arguments("out"),
                  in_quotes(out) +
                      " holds \"chapter1.tex\", \"figures\", \"report.html\" and 1 more, and no run of lafs; give an empty folder or "
                      "a new one as --out");
  }
  SUBCASE("a run of another program") {
    put(out / "checkpoints/step-100/model.pt", "weights");
    write_bytes(out / "results.json", "{\"accuracy\": 1}");
    write_bytes(out / "manifest.json", "{\"name\": \"other\"}");
    check_refused(
        tiny, tiny.arguments("out"),
        in_quotes(out) +
            " holds \"checkpoints\", \"manifest.json\", \"results.json\", and no run of lafs; give an empty folder or a new one as --out");
  }
  SUBCASE("a file of that name") {
    write_bytes(out, "x");
    check_refused(tiny, tiny.arguments("out"), "cannot make the run folder " + in_quotes(out) + ": Not a directory");
  }
}

TEST_CASE("run folder: the recipe's own folder is refused while the run would overwrite the recipe") {
  const Tiny tiny;
  const fs::path recipe = tiny / "exp/recipe.toml";
  put(recipe, tiny_text);
  const Arguments run{"run", recipe, "--quiet", "--out", tiny / "exp"};
  check_refused(tiny, run,
                in_quotes(recipe) + " is the recipe itself, which a run in " + in_quotes(tiny / "exp") +
                    " would overwrite; give another --out, such as " + in_quotes(tiny / "exp/run"));
  REQUIRE(lafs({"run", recipe, "--quiet", "--out", tiny / "exp/run"}).status == 0);
  // The recipe that a run wrote into its folder is that run's, and continues it.
  const Outcome again = lafs({"run", tiny / "exp/run/recipe.toml", "--quiet", "--out", tiny / "exp/run"});
  CHECK_MESSAGE(again.status == 0, again.err);
}

TEST_CASE("run folder: nothing is written among the pictures of the recipe") {
  const Tiny tiny;
  REQUIRE(lafs({"data", "pack", "--source", "{ use = \"synthetic_faces\", identities = 4, per_identity = 4, size = 32 }", "--out",
                tiny / "faces"})
              .status == 0);
  const std::string drawn = "use = \"synthetic_faces\"\nidentities = 8\nper_identity = 6\nsize = 32\n";
  std::string text = tiny_text;
  write_bytes(tiny / "r.toml", text.replace(text.find(drawn), drawn.size(), "use = \"record_set\"\nfiles = [\"faces\"]\n"));
  for (const char* out : {"faces", "faces/run"}) {
    check_refused(tiny, {"run", tiny / "r.toml", "--quiet", "--out", tiny / out},
                  in_quotes(tiny / out) + " lies in the recipe's data folder " + in_quotes(tiny / "faces") +
                      ", where nothing is written; give another --out");
  }
}

TEST_CASE("run folder: a folder with nothing in it stays when the run fails, and a new one goes") {
  const Tiny tiny;
  const Arguments broken{"--set", "evaluator.0.genuine=2000000"};
  fs::create_directory(tiny / "empty");
  CHECK(tiny.run("empty", broken).status != 0);
  CHECK(tiny.run("fresh", broken).status != 0);
  CHECK(fs::exists(tiny / "empty"));
  CHECK(!fs::exists(tiny / "fresh"));
}

/// A run of `long_run` that was killed in the middle, and what it would have trained.
struct Halted : Tiny {
  Halted() {
    REQUIRE(run("straight", long_run).status == 0);
    Program program(command(arguments("half", long_run)));
    wait_for_lines(program, *this / "half/metrics.jsonl", 45);
    program.signal(SIGTERM);
    REQUIRE(program.wait().status == 130);
    step = json_file(*this / "half/checkpoints/last/state.json").at("step").get<int64_t>();
    REQUIRE(step < 360);
  }
  fs::path half(const std::string& name) const { return *this / "half/checkpoints" / name; }
  std::string name() const { return "step-" + std::string(8 - std::to_string(step).size(), '0') + std::to_string(step); }
  Outcome go_on(const Environment& environment = {}) const { return Program(command(arguments("half", long_run)), environment).wait(); }

  int64_t step = 0;
};

TEST_CASE("run folder: however it was copied, a run continues to the bytes of the undisturbed one, and says what it repaired") {
  const Halted tiny;
  std::string said;
  SUBCASE("links turned into folders") {
    fs::remove(tiny.half("last"));
    fs::copy(tiny.half(tiny.name()), tiny.half("last"), fs::copy_options::recursive);
    said = "removed " + in_quotes(tiny.half("last")) + ", a copy of " + tiny.name() + "\n" + in_quotes(tiny.half("last")) +
           " did not name " + tiny.name() + ", and does so again\n";
  }
  SUBCASE("links lost") {
    fs::remove(tiny.half("last"));
    said = in_quotes(tiny.half("last")) + " did not name " + tiny.name() + ", and does so again\n";
  }
  SUBCASE("links turned into text") {
    fs::remove(tiny.half("last"));
    write_bytes(tiny.half("last"), tiny.name());
  }
  SUBCASE("moved") {
    fs::rename(tiny / "half", tiny / "moved");
    fs::rename(tiny / "moved", tiny / "half");
  }
  const Outcome outcome = tiny.go_on();
  CHECK_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(notes_of(tiny / "half") == said);
  CHECK(trained(tiny / "half") == trained(tiny / "straight"));
  CHECK(log_of(tiny / "half") == log_of(tiny / "straight"));
}

TEST_CASE("run folder: a run whose records are gone goes on and says what is lost") {
  const Halted tiny;
  fs::remove(tiny / "half/manifest.json");
  fs::remove(tiny / "half/recipe.toml");
  REQUIRE(tiny.go_on().status == 0);
  CHECK(log_of(tiny / "half") == log_of(tiny / "straight"));
  const std::string notes = notes_of(tiny / "half");
  CHECK(notes.find(in_quotes(tiny / "half/manifest.json") + " is missing and begins again: what it said of earlier sessions is lost\n") !=
        std::string::npos);
  CHECK(notes.find(in_quotes(tiny / "half/recipe.toml") + " is missing and is written again\n") != std::string::npos);
}

TEST_CASE("run folder: checkpoints of which none is whole are never trained over") {
  const Halted tiny;
  fs::resize_file(tiny.half(tiny.name()) / "optimizer.safetensors", 100);
  const auto before = content(tiny / "half");
  const Outcome outcome = tiny.go_on();
  CHECK(outcome.status == 1);
  const std::string begin =
      "lafs: error: " + in_quotes(tiny / "half/checkpoints") +
      " holds no whole checkpoint to continue from; restore one from a copy, or move that folder away to begin again\n  " + tiny.name() +
      ": ";
  CHECK_MESSAGE(outcome.err.starts_with(begin), outcome.err);
  CHECK(content(tiny / "half") == before);
  fs::remove_all(tiny.half(tiny.name()));
  CHECK(tiny.go_on().err ==
        "lafs: error: " + in_quotes(tiny / "half/checkpoints") +
            " holds no whole checkpoint to continue from; restore one from a copy, or move that folder away to begin again\n"
            "  the folder that last or best names is missing\n");
}

TEST_CASE("run folder: file systems without locks or without links are reported in a sentence, and the run is the same") {
  const Halted tiny;
  const std::string library = LAFS_TEST_BINARY_DIR "/lib/lafs/fixture_helper/poor_file_system.so";
  const fs::path lock = tiny / "half/.lock";
  SUBCASE("no links") {
    const Outcome outcome = tiny.go_on({{"LD_PRELOAD", library}, {"LAFS_TEST_SYMLINK", std::to_string(EPERM)}});
    CHECK(outcome.status == 0);
    CHECK(notes_of(tiny / "half") ==
          "the file system of " + in_quotes(tiny / "half/checkpoints") +
              " has no symbolic links (Operation not permitted): last and best are files that hold the name of a checkpoint\n");
    CHECK(read_bytes(tiny.half("last")) == "step-00000360\n");
    const fs::path last = tiny.half("step-00000360"), straight = tiny / "straight/checkpoints/last";
    CHECK(read_bytes(last / "weights.safetensors") == read_bytes(straight / "weights.safetensors"));
    CHECK(lafs({"eval", tiny / "half", "--quiet"}).status == 0);
  }
  SUBCASE("no locks") {
    for (const int reason : {ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL}) {
      const Environment poor{{"LD_PRELOAD", library}, {"LAFS_TEST_FLOCK", std::to_string(reason)}};
      const Outcome outcome = tiny.go_on(poor);
      CHECK(outcome.status == 0);
      CHECK(notes_of(tiny / "half") == "the file system of " + in_quotes(lock) + " has no locks (" + std::strerror(reason) + "); " +
                                           in_quotes(lock.string() + ".holder") + " keeps other processes out instead\n");
      CHECK(!fs::exists(lock.string() + ".holder"));
    }
    CHECK(trained(tiny / "half") == trained(tiny / "straight"));
  }
  SUBCASE("no locks, and two at once") {
    const Environment poor{{"LD_PRELOAD", library}, {"LAFS_TEST_FLOCK", std::to_string(ENOLCK)}};
    const Arguments endless = tiny.arguments("both", {"--set", "run.epochs=100000"});
    Program first(command(endless), poor);
    wait_for_lines(first, tiny / "both/metrics.jsonl", 1);
    const Outcome second = Program(command(endless), poor).wait();
    CHECK(second.status == 1);
    CHECK_MESSAGE(second.err.starts_with("lafs: error: the run folder " + in_quotes(tiny / "both") + " is in use by process "), second.err);
    first.signal(SIGKILL);
    first.wait();
    Program third(command(endless), poor);  // the lock of a process that is gone is taken over
    wait_for_lines(third, tiny / "both/metrics.jsonl", 400);
    CHECK(third.running());
  }
}

TEST_CASE("run folder: every signal that schedulers send leads to a checkpoint, and the same command goes on") {
  const Tiny tiny;
  REQUIRE(tiny.run("straight", long_run).status == 0);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM}) {
    CAPTURE(number);
    const std::string out = "out" + std::to_string(number);
    Program program(command(tiny.arguments(out, long_run)));
    wait_for_lines(program, tiny / out / "metrics.jsonl", 25);
    program.signal(number);
    program.signal(number);  // as Slurm and kernels repeat them
    const Outcome stopped = program.wait();
    CHECK(stopped.status == 130);
    const auto step = json_file(tiny / out / "checkpoints/last/state.json").at("step").get<int64_t>();
    CHECK(stopped.err == "stopped by SIG" + std::string(sigabbrev_np(number)) + " at step " + std::to_string(step) +
                             " of 360; run the same command to continue\n");
    CHECK(tiny.run(out, long_run).status == 0);
    CHECK(trained(tiny / out) == trained(tiny / "straight"));
  }
}

TEST_CASE("run folder: a signal in an evaluation stops it, the steps before it are kept, and the evaluation is done on the way on") {
  const Tiny tiny;
  const Arguments slow{"--set", "run.evaluate_every=1",     "--set", "evaluator.0.data.identities=3000",
                       "--set", "evaluator.0.genuine=9000", "--set", "evaluator.0.impostor=9000"};
  Program program(command(tiny.arguments("out", slow)));
  wait_for_lines(program, tiny / "out/metrics.jsonl", 6);  // an epoch has six steps; the evaluation has begun
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  program.signal(SIGTERM);
  CHECK(program.wait().err == "stopped by SIGTERM at step 6 of 12; run the same command to continue\n");
  CHECK(json_file(tiny / "out/checkpoints/last/state.json").at("evaluation_due") == true);
  const Arguments fast{"--set", "evaluator.0.data.identities=6", "--set", "evaluator.0.genuine=20", "--set", "evaluator.0.impostor=20"};
  const Arguments both{"--set", "run.evaluate_every=1"};
  REQUIRE(tiny.run("out", both + fast).status == 0);
  REQUIRE(tiny.run("straight", both).status == 0);
  CHECK(trained(tiny / "out") == trained(tiny / "straight"));
  CHECK(log_of(tiny / "out") == log_of(tiny / "straight"));
  CHECK(fs::read_symlink(tiny / "out/checkpoints/best") == fs::read_symlink(tiny / "straight/checkpoints/best"));
}

}  // namespace
}  // namespace lafs::test
