#include <turbojpeg.h>

#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

void check_error(const Outcome& outcome, int status, const std::string& err) {
  CHECK(outcome.status == status);
  CHECK(outcome.err == err);
  CHECK(outcome.out == "");
}

std::string jpeg(int seed) {
  std::vector<unsigned char> pixels;
  for (int i = 0; i < 32 * 32 * 3; ++i) pixels.push_back(static_cast<unsigned char>(i * (seed + 7) % 251));
  tjhandle encoder = tjInitCompress();
  unsigned char* out = nullptr;
  unsigned long size = 0;
  tjCompress2(encoder, pixels.data(), 32, 0, 32, TJPF_RGB, &out, &size, TJSAMP_444, 90, 0);
  const std::string bytes(reinterpret_cast<const char*>(out), size);
  tjFree(out);
  tjDestroy(encoder);
  return bytes;
}

/// Four people with four pictures each, and the tiny recipe on them.
class TinyFolder {
 public:
  TinyFolder() {
    for (int person = 0; person < 4; ++person) {
      fs::create_directories(faces() / ("p" + std::to_string(person)));
      for (int k = 0; k < 4; ++k) write_bytes(picture(person, k), jpeg(4 * person + k));
    }
    options_ = {"--set", "data_source={ use = \"image_folder\", root = \"" + faces().string() + "\" }", "--set",
                "evaluator.0.data={ use = \"image_folder\", root = \"" + faces().string() + "\" }"};
  }
  const Tiny tiny;
  fs::path faces() const { return tiny / "faces"; }
  fs::path picture(int person, int k) const { return faces() / ("p" + std::to_string(person)) / (std::to_string(k) + ".jpg"); }
  Arguments arguments(const std::string& out, const Arguments& more) const { return tiny.arguments(out, options_ + more); }
  Outcome run(const std::string& out, const Arguments& more = {}) const { return lafs(arguments(out, more)); }

 private:
  Arguments options_;
};

TEST_CASE("usage: a wrong command line is reported in one line, with status 2") {
  const Tiny tiny;
  check_error(lafs({"rum"}), 2, "lafs: error: no command \"rum\"; did you mean \"run\"?; see lafs --help\n");
  check_error(lafs({"run"}), 2, "lafs run: error: recipe is required; see lafs run --help\n");
  check_error(lafs({"run", tiny.recipe(), "--frob"}), 2, "lafs run: error: not expected: --frob; see lafs run --help\n");
  check_error(lafs({"verify-resume", tiny.recipe(), "--steps", "1"}), 2,
              "lafs verify-resume: error: --steps: Value 1 not in range 2 to 1000000000; see lafs verify-resume --help\n");
}

TEST_CASE("recipe: mistakes end with status 2 before anything is written") {
  const Tiny tiny;
  check_error(tiny.run("out", {"--set", "backbone.use=fvti"}), 2,
              "--set backbone.use: error: no backbone \"fvti\"; did you mean \"fvit\"?\n");
  check_error(tiny.run("out", {"--set", "run.sed=3"}), 2, "--set run.sed: error: [run] has no key \"sed\"; did you mean \"seed\"?\n");
  check_error(tiny.run("out", {"--set", "runseed"}), 2, "--set runseed: error: expected KEY=VALUE\n");
  check_error(lafs({"run", tiny / "none.toml"}), 2, (tiny / "none.toml").string() + ": error: no such file\n");
  CHECK(!fs::exists(tiny / "out"));
}

TEST_CASE("recipe: all mistakes are reported at once, in the order of the file") {
  std::string text = tiny_text;
  const auto change = [&](const std::string& from, const std::string& to) { text.replace(text.find(from), from.size(), to); };
  change("batch = 8", "batch = 0");
  change("epochs = 2", "epoch = 2");
  change("lr = 1e-3", "lr = true");
  const Tiny tiny(text);
  const std::string file = tiny.recipe();
  const std::string lines = file + ":3:1: error: [run] has no key \"epoch\"; did you mean \"epochs\"?\n" + file +
                            ":4:9: error: batch = 0 is less than 1 (images of a micro-batch over all ranks)\n" + file +
                            ":39:6: error: lr = true is a bool, not a schedule (a number or a table)\n";
  check_error(tiny.run("out"), 2, lines);
  check_error(lafs({"check", file}), 2, lines);
}

TEST_CASE("run folder: one of another recipe is refused with the keys that differ") {
  const Tiny tiny;
  REQUIRE(tiny.run("out", {"--set", "run.epochs=1"}).status == 0);
  check_error(tiny.run("out", {"--set", "run.epochs=1", "--set", "backbone.depth=2"}), 1,
              "lafs: error: \"" + (tiny / "out").string() +
                  "\" holds a run of another recipe; give another --out, or the same recipe\n"
                  "  - [backbone] depth = 1\n  + [backbone] depth = 2\n");
}

TEST_CASE("run folder: damaged checkpoints are named, and nothing is trained from them") {
  const Tiny tiny;
  REQUIRE(tiny.run("out", {"--set", "run.epochs=1"}).status == 0);
  const fs::path last = fs::canonical(tiny / "out" / "checkpoints" / "last"), weights = last / "weights.safetensors",
                 state = last / "state.json";
  const std::string good = read_bytes(weights), text = read_bytes(state);
  const std::string begin = "lafs: error: \"" + (tiny / "out/checkpoints").string() +
                            "\" holds no whole checkpoint to continue from; restore one from a copy, or move that folder away to begin "
                            "again\n  step-00000006: ";
  std::string bad = good;
  bad[bad.size() - 5] = static_cast<char>(bad[bad.size() - 5] ^ 1);
  write_bytes(weights, bad);
  check_error(tiny.run("out", {"--set", "run.epochs=1"}), 1,
              begin + "tensor \"classifier.weight\" of \"" + weights.string() + "\" is damaged: its hash differs from the recorded one\n");
  write_bytes(weights, good);
  write_bytes(state, text.substr(0, 11));
  check_error(
      tiny.run("out", {"--set", "run.epochs=1"}), 1,
      begin + "\"" + state.string() +
          "\" is damaged: parse error at line 2, column 10: syntax error while parsing object key - invalid string: missing closing "
          "quote; last read: '\"best_s'; expected string literal\n");
  fs::remove(state);
  check_error(tiny.run("out", {"--set", "run.epochs=1"}), 1,
              begin + "\"" + last.string() + "\" is not a checkpoint: it has no state.json\n");
}

TEST_CASE("run folder: one that cannot be made, or is in use, is named") {
  const Tiny tiny;
  write_bytes(tiny / "file", "x");
  check_error(tiny.run("file/out"), 1,
              "lafs: error: cannot make the run folder \"" + (tiny / "file/out").string() + "\": Not a directory\n");
  const Arguments endless = long_run + Arguments{"--set", "run.epochs=60000"};  // also where the second process is slow to start
  Program first(command(tiny.arguments("out", endless)));
  wait_for_lines(first, tiny / "out" / "metrics.jsonl", 1);
  check_error(tiny.run("out", endless), 1,
              "lafs: error: the run folder \"" + (tiny / "out").string() + "\" is in use by another process\n");
}

TEST_CASE("data: a recipe that needs a data root says how to give it") {
  const Tiny tiny;
  const fs::path recipe = fs::path(LAFS_TEST_SOURCE) / "recipes" / "lfw" / "verify_small.toml";
  const Outcome outcome = lafs({"run", recipe, "--quiet", "--out", tiny / "out"});
  CHECK(outcome.status == 1);
  const std::string sentence =
      "error: data_source \"subset\": the data root \"data\" is not set; give --set paths.data=DIR or set LAFS_DATA\n";
  CHECK_MESSAGE(outcome.err.starts_with(recipe.string() + ":"), outcome.err);
  CHECK_MESSAGE(outcome.err.ends_with(sentence), outcome.err);
}

TEST_CASE("data: an empty folder, and one of empty people, are named") {
  const TinyFolder folder;
  const std::string where = "--set data_source: error: data_source \"image_folder\": ";
  const auto source = [](const fs::path& root) {
    return Arguments{"--set", "data_source={ use = \"image_folder\", root = \"" + root.string() + "\" }"};
  };
  fs::create_directories(folder.tiny / "empty");
  check_error(folder.run("out", source(folder.tiny / "empty")), 1,
              where + "\"" + (folder.tiny / "empty").string() + "\" is empty; it should hold a folder of images for each identity\n");
  fs::create_directories(folder.tiny / "empty/p8");
  fs::create_directories(folder.tiny / "empty/p9");
  write_bytes(folder.tiny / "empty/p8/0.gif", "not read");
  check_error(
      folder.run("out", source(folder.tiny / "empty")), 1,
      where + "no folder of \"" + (folder.tiny / "empty").string() +
          "\" holds a picture; each should hold those of one person; files left out because of their ending: 1 .gif; folders without "
          "pictures left out: 2, first \"p8\"\n");
}

TEST_CASE("data: a truncated picture stops training with its name") {
  const TinyFolder folder;
  write_bytes(folder.picture(2, 1), jpeg(9).substr(0, 700));
  const Outcome outcome = folder.run("out");
  CHECK(outcome.status == 1);
  CHECK_MESSAGE(outcome.err.starts_with("lafs: error: \"" + folder.picture(2, 1).string() + "\": truncated JPEG: "), outcome.err);
}

TEST_CASE("data: damaged pictures are left out and counted where the recipe says so") {
  const TinyFolder folder;
  write_bytes(folder.picture(2, 1), jpeg(9).substr(0, 700));
  Arguments loud = folder.arguments(
      "out", {"--set", "run.epochs=1", "--set", "data_source.on_damaged=skip", "--set", "evaluator.0.data.on_damaged=skip"});
  std::erase(loud, "--quiet");
  const Outcome outcome = lafs(loud);
  CHECK(outcome.status == 0);
  const std::string line = "damaged pictures left out of the training data: 1, first ";
  CHECK_MESSAGE(outcome.err.find(line) != std::string::npos, outcome.err);
}

TEST_CASE("data: pairs that the pictures do not give are refused before training") {
  const TinyFolder folder;
  const Outcome single = folder.tiny.run("out", {"--set", "evaluator.0.data.per_identity=1"});
  check_error(single, 1,
              folder.tiny.recipe().string() +
                  ":41:1: error: evaluator \"verification\": no identity has two pictures, so there is no genuine pair\n");
  write_bytes(folder.tiny / "pairs.txt", "1 1\np0 1 2\np1 1 p2 1\n");
  write_bytes(folder.tiny / "tiny.toml", [] {
    std::string text = tiny_text;
    const std::string numbers = "genuine = 20\nimpostor = 20\nfolds = 5\n";
    return text.replace(text.find(numbers), numbers.size(), "pairs = \"pairs.txt\"\n");
  }());
  check_error(folder.run("out"), 1,
              (folder.tiny / "pairs.txt").string() +
                  ":2: error: the data source has no picture \"p0/p0_0001\" with the ending .jpg or .png or .pgm\n");
  CHECK(!fs::exists(folder.tiny / "out" / "metrics.jsonl"));
}

TEST_CASE("data: a batch larger than the data is refused with both numbers") {
  const Tiny tiny;
  check_error(tiny.run("out", {"--set", "run.batch=49"}), 1,
              "lafs: error: [run] batch = 49 is larger than the training data, which has 48 images\n");
}

TEST_CASE("training: a loss that is not finite stops with its step, and what was fed is kept") {
  const Tiny tiny;
  const fs::path bundle = tiny / "out" / "not_finite";
  const Outcome ended = tiny.run("out", {"--set", "optimizer.lr=1e30"});
  CHECK(ended.status == 1);
  CHECK_MESSAGE(ended.err.starts_with("lafs: error: the loss is not finite (nan) in step 1, micro-batch 0\nthe first number that is not "
                                      "finite is in the output of aten::"),
                ended.err);
  CHECK_MESSAGE(ended.err.ends_with("\n" + in_quotes(bundle) +
                                    " holds the state before that step and what it was fed; lafs replay runs it again\nno checkpoint was "
                                    "written before: look at the learning rate, and whether weights and data are finite\n"),
                ended.err);
  const auto fed = json_file(bundle / "bundle.json");
  CHECK(fed.at("step") == 1);
  CHECK(fed.at("micro_batches").at(0).at("indices").size() == 8);
  CHECK(fed.at("micro_batches").at(0).at("keys").at(0).get<std::string>().starts_with("identity "));
}

TEST_CASE("disk: one that is full is named with its file, and the last good checkpoint stays") {
  const Tiny tiny;
  const Arguments large = long_run + Arguments{"--set", "backbone.mlp_dim=256"};  // weights of 80 KiB, larger than the manifest
  Program program(command(tiny.arguments("out", large)));
  wait_for_lines(program, tiny / "out" / "metrics.jsonl", 12);
  program.signal(SIGINT);
  REQUIRE(program.wait().status == 130);
  const std::string weights = trained(tiny / "out");
  fs::remove(tiny / "out" / "metrics.jsonl");  // it alone would grow over the limit

  const auto limited = [&](const std::string& kibibytes) {
    Arguments arguments{"bash", "-c", "ulimit -f " + kibibytes + "; exec \"$@\"", "lafs"};
    return Program(arguments + command(tiny.arguments("out", large))).wait();
  };
  check_error(limited("1"), 1, "lafs: error: cannot write \"" + (tiny / "out" / "manifest.json").string() + "\": File too large\n");
  const Outcome full = limited("60");
  CHECK(full.status == 1);
  const std::string begin = "lafs: error: cannot write \"" + (tiny / "out" / "checkpoints" / ".step-").string();
  CHECK_MESSAGE(full.err.starts_with(begin), full.err);
  CHECK_MESSAGE(full.err.ends_with(".part/weights.safetensors\": File too large\n"), full.err);
  CHECK(trained(tiny / "out") == weights);
  const Outcome rest = tiny.run("out", large);
  CHECK_MESSAGE(rest.status == 0, rest.err);
}

}  // namespace
}  // namespace lafs::test
