#include <cstdlib>
#include <filesystem>
#include <limits>
#include <span>

#include <doctest/doctest.h>

#include "formats/safetensors.h"
#include "run/tiny.h"

namespace lafs::test {
namespace {

const Arguments tiny_options{"--options", "dim = 48\ndepth = 2\nheads = 3\ndim_head = 64\nmlp_dim = 96\n"};

std::string golden(const std::string& file) { return (fs::path(LAFS_TEST_GOLDEN) / file).string(); }

/// A python3 that has torch: LAFS_TEST_PYTHON, or the one of the path; empty if it has not.
std::string python_with_torch() {
  const char* named = std::getenv("LAFS_TEST_PYTHON");
  const std::string python = named ? named : "python3";
  try {
    return Program({python, "-c", "import torch"}).wait().status == 0 ? python : "";
  } catch (const std::exception&) {
    return "";
  }
}

TEST_CASE("import: a checkpoint of the reference becomes a file of ours, with an account of every tensor") {
  const ScratchFolder folder;
  const std::string out = folder / "teacher.safetensors";
  const Outcome made =
      lafs(Arguments{"import", golden("lafs_step.checkpoint.pth"), "--map", "lafs_teacher", "--into", "fvit", "--out", out} + tiny_options);
  REQUIRE_MESSAGE(made.status == 0, made.err);
  CHECK_MESSAGE(
      made.out.starts_with("matched 28 of 28, 28 of them renamed\n\nin the file and not used (1):\n  teacher.backbone.loss.weight\n\n"
                           "dropped by the map (8):\n  teacher.head.mlp.0.weight\n"),
      made.out);
  const auto facts = nlohmann::json::parse(lafs({"inspect", out, "--json"}).out);
  CHECK(facts["tensors"].size() == 28);
  CHECK(facts["metadata"]["map"] == "lafs_teacher");
  CHECK(facts["metadata"]["source"] == "lafs_step.checkpoint.pth");
}

TEST_CASE("import: less than the floor, a wrong map and a wrong target write nothing") {
  const ScratchFolder folder;
  const std::string out = folder / "x.safetensors", file = golden("finetune_plain.final_module_prefix.pth");
  const Outcome few = lafs({"import", file, "--map", "supervised", "--into", "fvit", "--out", out, "--options",
                            "dim = 48\ndepth = 3\nheads = 3\nmlp_dim = 96\n"});
  CHECK(few.status == 1);
  CHECK(few.err ==
        "lafs: error: 28 of 39 tensors into \"fvit\" from \"" + file +
            "\"; 11 missing, first \"transformer.layers.2.0.fn.norm.weight\"; 1 not used, first \"module.loss.weight\"; that is less than "
            "--floor 1\n");
  CHECK(!fs::exists(out));
  const Outcome wrong = lafs({"import", file, "--map", "lafs_teacher", "--into", "fvit", "--out", out});
  CHECK(wrong.err == "lafs: error: \"" + file + "\" has no \"teacher\", which map \"lafs_teacher\" takes; it has \"module\"\n");
  const Outcome whole = lafs({"import", file, "--map", "supervised_model", "--into", "fvit", "--out", out});
  CHECK(whole.err == "lafs: error: map \"supervised_model\" gives names of a whole objective: --into needs a recipe\n");
}

TEST_CASE("inspect: says what is in files of every kind") {
  const auto pth = nlohmann::json::parse(lafs({"inspect", golden("lafs_step.checkpoint.pth"), "--json"}).out);
  CHECK(pth["format"] == "torch");
  CHECK(pth["values"]["epoch"] == 3);
  CHECK(pth["opaque"][0]["class"] == "argparse.Namespace");
  CHECK(pth["values"]["args"]["attributes"]["clip_grad"] == 3.0);
  const Outcome bin = lafs({"inspect", golden("vectors/protocol4_numpy_1d.bin")});
  CHECK(bin.out == "format: face bin\npairs: 2\npicture_bytes: 62136\npictures: 4\nsame: 1\n");
  const ScratchFolder folder;
  write_bytes(folder / "notes.txt", "not weights");
  const Outcome other = lafs({"inspect", folder / "notes.txt"});
  CHECK(other.status == 1);
  CHECK(other.err == "lafs: error: cannot read \"" + (folder / "notes.txt").string() +
                         "\" as weights: it is neither safetensors nor a file of torch.save, and begins with the text \"not weights\"\n");
}

TEST_CASE("export: a trained model goes back under the reference's names, and in again") {
  const Tiny tiny;
  REQUIRE(tiny.run("run", {"--set", "run.epochs=1"}).status == 0);
  const std::string pth = tiny / "model.pth", again = tiny / "again.safetensors";
  const Outcome made = lafs({"export", tiny / "run", "--map", "supervised_model", "--out", pth});
  REQUIRE_MESSAGE(made.status == 0, made.err);
  CHECK(made.out.starts_with("18 of 18 tensors of "));
  const auto facts = nlohmann::json::parse(lafs({"inspect", pth, "--json"}).out);
  CHECK(facts["tensors"].size() == 18);
  CHECK(facts["tensors"][0]["name"] == "module.pos_embedding");
  CHECK(lafs({"inspect", pth}).out.find("module.loss.weight") != std::string::npos);
  // What went out comes in: as weights of the next run, every tensor of the objective.
  const Outcome next = lafs({"run", tiny.recipe(), "--out", tiny / "next", "--set", "run.epochs=1", "--set",
                             "init=[{ from = \"" + pth + "\", map = \"supervised_model\" }]"});
  REQUIRE_MESSAGE(next.status == 0, next.err);
  CHECK_MESSAGE(next.err.find("18 of 18 tensors into \"\" from \"" + pth + "\"\n") != std::string::npos, next.err);
  const Outcome mistaken = tiny.run("third", {"--set", "init=[{ from = \"" + pth + "\", map = \"supervised_modle\" }]"});
  CHECK(mistaken.status == 2);
  CHECK(mistaken.err == "--set init: error: there is no name map \"supervised_modle\"; did you mean \"supervised_model\"?\n");
}

TEST_CASE("init: a quiet run keeps the account of every tensor in its folder and on its page, and refuses a deeper network") {
  const Tiny tiny;
  REQUIRE(tiny.run("deep", {"--set", "run.epochs=1", "--set", "backbone.depth=2"}).status == 0);
  const auto init = [&](const std::string& more) {
    return Arguments{"--set", "run.epochs=1", "--set",
                     "init=[{ into = \"backbone\", select = \"backbone\", from = \"" + (tiny / "deep").string() + "\"" + more + " }]"};
  };
  const Outcome refused = tiny.run("small", init(""));
  CHECK(refused.status == 1);
  CHECK_MESSAGE(refused.err.ends_with("or allow this with unused = [\"transformer.layers.1.*\"]\n"), refused.err);
  CHECK(!fs::exists(tiny / "small"));
  const Outcome allowed = tiny.run("small", init(", unused = [\"transformer.layers.1.*\"]"));
  REQUIRE_MESSAGE(allowed.status == 0, allowed.err);
  CHECK(allowed.err.empty());
  const auto record = json_file(tiny / "small" / "weights.json").at("init").at(0);
  CHECK(record.at("mapped").size() == 17);
  CHECK(record.at("unused").size() == 11);
  CHECK(record.at("unused").at(0).at("reason") == "without a place in the network");
  CHECK(record.at("not_selected").size() == 1);
  CHECK(record.at("left_random").empty());
  CHECK(read_bytes(tiny / "small" / "report.html").find("<h2>Weights it began with</h2>") != std::string::npos);
  const Outcome checked = lafs(Arguments{"check", tiny.recipe()} + init(""));
  CHECK(checked.status == 2);
  CHECK_MESSAGE(checked.err.find("in parts that were loaded, first \"transformer.layers.1.") != std::string::npos, checked.err);
}

TEST_CASE("export: a file whose names begin elsewhere, and what is read itself, are refused") {
  const Tiny tiny;
  REQUIRE(tiny.run("run", {"--set", "run.epochs=1"}).status == 0);
  const std::string weights = (fs::canonical(tiny / "run" / "checkpoints" / "best") / "weights.safetensors").string();
  const Outcome bare = lafs({"export", weights, "--map", "supervised", "--out", tiny / "a.pth"});
  CHECK(bare.status == 1);
  CHECK(bare.err == "lafs: error: \"" + weights +
                        "\" holds a whole objective; name its run or checkpoint folder, which records where the backbone is\n");
  const std::string before = read_bytes(weights);
  const Outcome itself = lafs({"export", tiny / "run", "--map", "supervised", "--out", weights, "--force"});
  CHECK(itself.status == 1);
  CHECK(itself.err.ends_with("\" is the file that is read; give another --out\n"));
  CHECK(read_bytes(weights) == before);
}

TEST_CASE("import: another ending is refused") {
  const Tiny tiny;
  CHECK(lafs({"import", "a.pth", "--into", "fvit", "--out", "b.pth"}).err ==
        "lafs: error: \"b.pth\": imported weights are written as .safetensors\n");
}

TEST_CASE("export: plain PyTorch loads the .pth, weights only, and finds the reference's numbers") {
  const std::string python = python_with_torch();
  if (python.empty()) {
    skip("run: no python3 with torch (LAFS_TEST_PYTHON names one)");
    return;
  }
  const ScratchFolder folder;
  const std::string ours = folder / "student.safetensors", out = folder / "student.pth";
  REQUIRE(
      lafs(Arguments{"import", golden("lafs_step.checkpoint.pth"), "--map", "lafs_student", "--into", "fvit", "--out", ours} + tiny_options)
          .status == 0);
  REQUIRE(lafs({"export", ours, "--map", "lafs_student", "--out", out}).status == 0);
  const Outcome seen = Program({python, "-c",
                                "import sys, torch\n"
                                "a = torch.load(sys.argv[1], weights_only=True)['student']\n"
                                "b = torch.load(sys.argv[2], weights_only=False)['student']\n"
                                "print(type(a).__name__, len(a), all(torch.equal(a[k], b[k]) for k in a))\n",
                                out, golden("lafs_step.checkpoint.pth")})
                           .wait();
  CHECK_MESSAGE(seen.status == 0, seen.err);
  CHECK(seen.out == "OrderedDict 28 True\n");
}

TEST_CASE("weights: of a file whose names begin otherwise, the prefix to select is told") {
  const Tiny tiny;
  REQUIRE(tiny.run("out", {"--set", "run.epochs=1"}).status == 0);
  const fs::path weights = fs::canonical(tiny / "out/checkpoints/last") / "weights.safetensors";
  const Arguments import{"import", weights, "--into", tiny.recipe(), "--out", tiny / "new/w.safetensors"};
  const Outcome wrong = lafs(import);
  CHECK(wrong.status == 1);
  CHECK_MESSAGE(wrong.err.find(" of them are found below \"backbone.\": select that prefix\n") != std::string::npos, wrong.err);
  const Outcome right = lafs(import + Arguments{"--select", "backbone."});
  CHECK_MESSAGE(right.status == 0, right.err);
  CHECK_MESSAGE(right.out.find("in the file and not looked at (1):\n  classifier.*: 1\n") != std::string::npos, right.out);
}

TEST_CASE("weights: values that are not finite are told") {
  const Tiny tiny;
  std::vector<float> bias(24, 0.5F);
  bias[3] = std::numeric_limits<float>::quiet_NaN();
  formats::write_safetensors(tiny / "w.safetensors", {{"mlp_head.0.bias", "F32", {24}, std::as_bytes(std::span(bias))}});
  const Outcome import =
      lafs({"import", tiny / "w.safetensors", "--into", tiny.recipe(), "--floor", "0", "--out", tiny / "again.safetensors"});
  CHECK_MESSAGE(import.out.find("with values that are not finite (1):\n") != std::string::npos, import.out);
  const Outcome run = tiny.run("from", {"--set", "run.epochs=1", "--set",
                                        "init=[{ into = \"backbone\", from = \"" + (tiny / "w.safetensors").string() + "\", floor = 0 }]"});
  CHECK(run.status == 1);
  CHECK_MESSAGE(run.err.ends_with("no checkpoint was written before: look at the learning rate, and whether weights and data are finite\n"),
                run.err);
  CHECK(json_file(tiny / "from/manifest.json").dump().find("; 1 with values that are not finite, first ") != std::string::npos);
}

}  // namespace
}  // namespace lafs::test
