#include <doctest/doctest.h>
#include <algorithm>

#include "tiny.h"

namespace lafs::test {
namespace {

const fs::path source = LAFS_TEST_SOURCE;

TEST_CASE("check: every recipe of ours is right, with no data in sight") {
  const Outcome outcome = lafs({"check", source / "recipes"});
  CHECK(outcome.status == 0);
  CHECK(outcome.err == "");
  CHECK(outcome.out.find((source / "recipes" / "quickstart.toml").string() + ": ok\n") != std::string::npos);
  const auto findings = nlohmann::json::parse(lafs({"check", "--json", source / "recipes"}).out);
  CHECK(findings.size() >= 4);
  for (const auto& finding : findings) CHECK(finding.at("errors").empty());
}

TEST_CASE("check: each recipe of ours resolves to itself") {
  const ScratchFolder folder;
  for (const auto& finding : nlohmann::json::parse(lafs({"check", "--json", source / "recipes"}).out)) {
    if (finding.contains("cells")) continue;  // a grid has no resolved form
    const std::string recipe = finding.at("recipe");
    CAPTURE(recipe);
    Arguments arguments{"check", "--resolved", recipe};
    if (finding.contains("stage")) arguments = arguments + Arguments{"--stage", finding.at("stage")};
    const Outcome once = lafs(arguments, {{"LAFS_DATA", folder.path().string()}});
    REQUIRE(once.status == 0);
    write_bytes(folder / "resolved.toml", once.out);
    CHECK(lafs({"check", "--resolved", folder / "resolved.toml"}).out == once.out);
  }
}

TEST_CASE("check: data that is not here is named, and is no mistake") {
  const Tiny tiny;
  const auto folder = [&](const char* place, const char* name) {
    return std::string(place) + "={ use = \"image_folder\", root = \"" + (tiny / name).string() + "\" }";
  };
  const Arguments training{"--set", folder("data_source", "faces")};
  const std::string ok = tiny.recipe().string() + ": ok; data not found: " + in_quotes(tiny / "faces");
  CHECK(lafs(Arguments{"check", tiny.recipe()} + training).out == ok + "\n");
  const Arguments both = training + Arguments{"--set", folder("evaluator.0.data", "others")};
  CHECK(lafs(Arguments{"check", tiny.recipe()} + both).out == ok + " and 1 other path\n");
  CHECK(nlohmann::json::parse(lafs(Arguments{"check", "--json", tiny.recipe()} + both).out).at(0).at("missing_data") ==
        nlohmann::json({(tiny / "faces").string(), (tiny / "others").string()}));
  const std::string written = "{ use = \"megaface\", write_to = \"" + (tiny / "written").string() + "\" }";
  const auto found = nlohmann::json::parse(lafs({"check", "--json", tiny.recipe(), "--set", "evaluator=[" + written + "]"}).out);
  CHECK(found.at(0).at("missing_data").empty());
}

TEST_CASE("check, run: a landmark network that nothing was loaded into is reported, and is not an error") {
  const Tiny tiny(
      "base = \"" + (source / "recipes" / "base" / "small_lafs.toml").string() +
      "\"\n[data_source]\nuse = \"synthetic_faces\"\nidentities = 4\nper_identity = 4\nsize = 64\n[run]\nbatch = 8\nsteps = 1\n");
  const std::string sentence =
      "landmark_source starts from random weights: it is frozen, so its landmarks stay arbitrary; "
      "give [[init]] into = \"landmark_source\" those of a trained network\n";
  const Outcome check = lafs({"check", tiny.recipe()});
  CHECK(check.status == 0);
  CHECK(check.out == tiny.recipe().string() + ": ok\n");
  CHECK(check.err == tiny.recipe().string() + ": warning: " + sentence);
  const Outcome run = lafs({"run", tiny.recipe(), "--out", tiny / "out"});
  CHECK_MESSAGE(run.status == 0, run.err);
  CHECK_MESSAGE(run.err.find("\n" + sentence) != std::string::npos, run.err);
  const std::string init = "init=[{ into = \"landmark_source\", from = \"weights.pth\" }]";
  CHECK(lafs({"check", tiny.recipe(), "--set", init}).err == "");
}

TEST_CASE("check: mistakes as JSON") {
  const Tiny tiny;
  const Outcome outcome = lafs({"check", "--json", tiny.recipe(), "--set", "run.batch=0"});
  CHECK(outcome.status == 2);
  CHECK(outcome.err == "");
  CHECK(nlohmann::json::parse(outcome.out) ==
        nlohmann::json::array({{{"recipe", tiny.recipe().string()},
                                {"errors", {"--set run.batch: error: batch = 0 is less than 1 (images of a micro-batch over all ranks)"}},
                                {"warnings", nlohmann::json::array()},
                                {"missing_data", nlohmann::json::array()}}}));
}

TEST_CASE("plan: fVit-B has 64,082,688 parameters, and no data is needed to say so") {
  const Tiny tiny(R"([run]
batch = 200
epochs = 34
images = 1000000
identities = 1000
device = "cpu"
[data_source]
use = "image_folder"
root = "nowhere"
[augmentation]
use = "face_supervised"
[backbone]
use = "fvit"
[head]
use = "cosface"
[objective]
use = "identification"
[optimizer]
use = "adamw"
)");
  const Outcome outcome = lafs({"plan", tiny.recipe(), "--probe", "0", "--json"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const auto plan = nlohmann::json::parse(outcome.out);
  CHECK(plan.at("steps") == 34 * 5000);
  CHECK(plan.at("data_is_there") == false);
  bool found = false;
  for (const auto& module : plan.at("modules")) {
    if (module.at("path") != "backbone") continue;
    found = true;
    CHECK(module.at("parameters") == 64082688);
  }
  CHECK(found);
  CHECK(!plan.contains("probe"));
}

TEST_CASE("check, plan, bench, run: views that the augmentation does not make are refused") {
  const Tiny tiny;
  const Arguments set{tiny.recipe(), "--set", "objective={ use = \"dino\" }", "--set", "projector={ use = \"dino_head\" }"};
  const std::string said =
      "--set objective: error: objective \"dino\" needs views \"global\", but augmentation \"face_supervised\" makes \"image\"\n";
  for (const auto& [command, status] : {std::pair("plan", 1), {"bench", 1}, {"check", 2}}) {
    const Outcome outcome = lafs(Arguments{command} + set);
    CHECK(outcome.status == status);
    CHECK(outcome.err == said);
  }
  const Outcome run = lafs(Arguments{"run"} + set + Arguments{"--quiet", "--out", tiny / "out"});
  CHECK(run.status == 1);
  CHECK(run.err == said);
}

TEST_CASE("output: what cannot be printed is an error on standard output, and no harm on the other") {
  const std::string program = LAFS_TEST_PROGRAM;
  const auto shell = [](const std::string& text) { return Program({"bash", "-c", text}).wait(); };
  const Outcome full = shell(program + " describe > /dev/full");
  CHECK(full.status == 1);
  CHECK(full.err.starts_with("lafs: error: "));
  CHECK(shell(program + " check nope.toml 2> /dev/full").status == 2);
  CHECK(shell(program + " nope 2>&-").status == 2);
}

TEST_CASE("check: all tables that are missing at once") {
  const Tiny tiny("[run]\nbatch = 4\n[backbone]\nuse = \"fvit\"\n");
  const Outcome outcome = lafs({"check", tiny.recipe()});
  CHECK(outcome.status == 2);
  CHECK(outcome.err == tiny.recipe().string() + ": error: the recipe has no [augmentation], no [objective], no [optimizer]\n");
}

TEST_CASE("describe: an option of a table within has its place in front, once") {
  const std::string text = lafs({"describe", "run"}).out;
  CHECK_MESSAGE(text.find("\n    loss_scale.start = 65536.0  (real, ") != std::string::npos, text);
  CHECK_MESSAGE(text.find("\n        factor on the loss in the first step\n") != std::string::npos, text);
}

TEST_CASE("check: a recipe with nothing but evaluators is right, and its evaluators are looked at") {
  const ScratchFolder folder;
  const std::string evaluator = "[[evaluator]]\nuse = \"retrieval\"\ndata = { use = \"image_folder\", root = \"/nowhere\" }\n";
  write_bytes(folder / "measure.toml", evaluator);
  const Outcome right = lafs({"check", folder / "measure.toml"});
  CHECK(right.status == 0);
  CHECK(right.out == (folder / "measure.toml").string() + ": ok; data not found: \"/nowhere\"\n");
  write_bytes(folder / "measure.toml", evaluator + "flip = \"summ\"\n");
  CHECK(lafs({"check", folder / "measure.toml"}).err ==
        (folder / "measure.toml").string() + ":4:8: error: flip = \"summ\" is not a choice; did you mean \"sum\"?\n");
}

TEST_CASE("check: sizes that overflow are reported in one line") {
  const Tiny tiny;
  const Outcome outcome = lafs({"check", tiny.recipe(), "--set", "run.identities=900000000000000000"});
  CHECK(outcome.status == 2);
  const std::string begin =
      tiny.recipe().string() +
      ":34:1: error: objective \"identification\": the class matrix of 900000000000000000 identities, 9e+17 rows of 24 "
      "numbers, needs 86.4 EB of memory, and this machine has ";
  CHECK_MESSAGE(outcome.err.starts_with(begin), outcome.err);
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
}

TEST_CASE("plan: a probe times some steps of the recipe") {
  const Tiny tiny;
  const Outcome outcome = lafs({"plan", tiny.recipe(), "--probe", "2", "--json"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const auto plan = nlohmann::json::parse(outcome.out);
  CHECK(plan.at("images") == 48);
  CHECK(plan.at("probe").at("steps") == 2);
  const Outcome text = lafs({"plan", tiny.recipe(), "--probe", "0"});
  CHECK(text.status == 0);
  CHECK(text.out.find("12 optimizer steps") != std::string::npos);
}

TEST_CASE("plan, run: a run that ends with its warm-up is noted") {
  const Tiny tiny;
  const std::string lr = "optimizer.lr={ shape = \"cosine\", from = 1e-3, to = 0.0, warmup_epochs = 2 }";
  const Arguments settings{"--set", lr, "--set", "run.epochs=2"};
  const Outcome plan = lafs(Arguments{"plan", tiny.recipe(), "--probe", "0"} + settings);
  CHECK_MESSAGE(
      plan.out.find("the run ends with its warm-up, so that it only rises: warmup_epochs is as long as the run\n") != plan.out.npos,
      plan.out);
  REQUIRE(tiny.run("out", settings).status == 0);
  CHECK(read_bytes(tiny / "out/manifest.json").find("the warm-up of lr is as long as the run, so that lr only rises") != std::string::npos);
}

TEST_CASE("plan: pictures that fill no whole batch are counted where they are many") {
  const Tiny tiny;
  const Arguments plan{"plan", tiny.recipe(), "--probe", "0"};
  const std::string sentence = "of 48 images are left out of each epoch, others each time: they fill no whole batch\n";
  CHECK(lafs(plan + Arguments{"--set", "run.batch=32"}).out.find(" 16 " + sentence) != std::string::npos);
  CHECK(lafs(plan + Arguments{"--set", "run.batch=15"}).out.find(sentence) == std::string::npos);
  CHECK(nlohmann::json::parse(lafs(plan + Arguments{"--set", "run.batch=15", "--json"}).out).at("left_out_per_epoch") == 3);
}

TEST_CASE("plan: steps that do not fit into the time of the probe are estimated from the speed of a matrix product") {
  const std::filesystem::path paper = std::filesystem::path(LAFS_TEST_SOURCE) / "recipes/paper/row_a.toml";
  const Outcome outcome = lafs({"plan", paper, "--probe-seconds", "0", "--json"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const auto plan = nlohmann::json::parse(outcome.out);
  CHECK(!plan.contains("probe"));
  CHECK(!plan.at("memory").contains("peak_estimate"));
  const auto& estimate = plan.at("estimate");
  // 64 million parameters see 196 tokens: 25 GFLOP for a picture, and three times that with the backward pass
  CHECK(estimate.at("image_gflop").get<double>() > 60);
  CHECK(estimate.at("image_gflop").get<double>() < 110);
  CHECK(estimate.at("product_gflops").get<double>() > 0);
  const double images = plan.at("steps").get<double>() * plan.at("batch").get<double>() * plan.at("accumulate").get<double>();
  CHECK(estimate.at("seconds_estimate").get<double>() == doctest::Approx(images / estimate.at("images_per_second").get<double>()));
  const Outcome text = lafs({"plan", paper, "--probe-seconds", "0"});
  CHECK(text.out.find("estimated from the matrix-product speed") != std::string::npos);
}

TEST_CASE("plan: a small recipe is timed however many steps are asked for") {
  const Tiny tiny;
  const auto plan = nlohmann::json::parse(lafs({"plan", tiny.recipe(), "--probe", "1", "--json"}).out);
  CHECK(plan.at("probe").at("steps") == 1);
  CHECK(plan.at("memory").at("peak_estimate") > 0);
  CHECK(!plan.contains("estimate"));
}

TEST_CASE("eval: a trained model measured again gives exactly the number of its run") {
  const Tiny tiny;
  const Outcome run = lafs(tiny.arguments("out", {"--json"}));
  REQUIRE_MESSAGE(run.status == 0, run.err);
  const auto results = json_file(tiny / "out" / "results.json");
  CHECK(metric(nlohmann::json::parse(run.out), "accuracy") == metric(results, "accuracy"));
  const Outcome outcome = lafs({"eval", tiny / "out" / "checkpoints" / "last", "--json", "--out", tiny / "again.json"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const auto again = nlohmann::json::parse(outcome.out);
  CHECK(again.at("step") == 12);
  for (const char* name : {"accuracy", "auc", "threshold"}) CHECK(metric(again, name) == metric(results, name));
  CHECK(json_file(tiny / "again.json") == again);
}

TEST_CASE("eval: another input contract is refused with both sides") {
  const Tiny tiny;
  REQUIRE(tiny.run("out", {"--set", "run.epochs=1"}).status == 0);
  const std::string last = tiny / "out" / "checkpoints" / "last";
  const Outcome outcome = lafs({"eval", last, "--quiet", "--set", "input.colour=bgr"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "lafs: error: the input contract of \"" + last + "\" is not that of the recipe: colour rgb against bgr\n");
}

TEST_CASE("eval: what is not a checkpoint is named") {
  const Tiny tiny;
  const Outcome outcome = lafs({"eval", tiny / "none"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "lafs: error: \"" + (tiny / "none").string() + "\" does not exist\n");
}

TEST_CASE("describe: lists every plugin, shows one, and knows what was meant") {
  const Outcome list = lafs({"describe"});
  CHECK(list.status == 0);
  for (const char* name : {"synthetic_faces", "face_supervised", "fvit", "cosface", "identification", "adamw", "verification"}) {
    CHECK_MESSAGE(list.out.find(std::string("\n  ") + name + " ") != std::string::npos, name);
  }
  CHECK(lafs({"describe", "fvit"}).out.find("  dim_head = 64  (integer, in [1, 1024])\n") != std::string::npos);
  const Outcome wrong = lafs({"describe", "fvti"});
  CHECK(wrong.status == 2);
  CHECK(wrong.err == "lafs describe: error: nothing is called \"fvti\"; did you mean \"fvit\"?\n");
  CHECK(lafs({"describe", "my_own_method"}).err ==
        "lafs describe: error: nothing is called \"my_own_method\"; lafs describe lists all, and plugins of your own are found in the "
        "folders of LAFS_PLUGIN_PATH\n");
  CHECK(nlohmann::json::parse(lafs({"describe", "--json"}).out).is_array());
  CHECK(nlohmann::json::parse(lafs({"describe", "--quirks", "--json"}).out).is_array());
}

TEST_CASE("describe: the schema of recipes knows every plugin with its options") {
  const auto schema = nlohmann::json::parse(lafs({"describe", "--schema"}).out);
  CHECK(schema["properties"]["run"]["properties"]["batch"]["minimum"] == 1);
  CHECK(schema["properties"]["evaluator"]["type"] == "array");
  CHECK(schema["definitions"]["status"]["additionalProperties"]["anyOf"][0]["pattern"] == "^(known|derived|unknown): ");
  CHECK(schema["properties"]["row"]["properties"]["deviations"]["type"] == "array");
  CHECK(schema["definitions"]["stage"]["properties"].contains("status"));
  size_t plugins = 0;
  for (const auto& page : nlohmann::json::parse(lafs({"describe", "--json"}).out)) {
    if (page["kind"] == "recipe" || page["kind"] == "name_map") continue;
    ++plugins;
    const std::string name = page["name"];
    CAPTURE(name);
    const auto& cases = schema["definitions"][page["kind"].get<std::string>()]["allOf"];
    const auto found =
        std::find_if(cases.begin(), cases.end(), [&](const auto& one) { return one["if"]["properties"]["use"]["const"] == name; });
    REQUIRE(found != cases.end());
    const auto& properties = (*found)["then"]["properties"];
    CHECK(properties.size() == page["options"].size());
    for (const auto& option : page["options"]) {
      REQUIRE(properties.contains(option["key"].get<std::string>()));
      CHECK(properties[option["key"].get<std::string>()]["description"].get<std::string>().starts_with(option["doc"].get<std::string>()));
    }
  }
  CHECK(plugins > 20);
}

TEST_CASE("doctor: every line is well here, and a plugin that cannot be loaded is named with what to do") {
  const Outcome well = lafs({"doctor"});
  CHECK(well.status == 0);
  CHECK(well.out.find("WRONG") == std::string::npos);
  CHECK(well.out.find(" libraries load from ") != std::string::npos);
  const ScratchFolder folder;
  write_bytes(folder / "lafs_head_half.so", "no library");
  const Outcome ill = lafs({"doctor"}, {{"LAFS_PLUGIN_PATH", folder.path().string()}, {"LAFS_DATA", "/no/such/folder"}});
  CHECK(ill.status == 1);
  CHECK(ill.out.find("WRONG plugin     lafs_head_half.so\n                 " + (folder / "lafs_head_half.so").string() +
                     ": is not a shared library\n") != std::string::npos);
  CHECK(ill.out.find("WRONG data       LAFS_DATA = /no/such/folder\n                 there is no such folder; point it at your data\n") !=
        std::string::npos);
  CHECK(nlohmann::json::parse(lafs({"doctor", "--json"}).out).is_array());
}

TEST_CASE("describe: docs/reference.md is what it prints") {
  const Outcome outcome = lafs({"describe", "--markdown"});
  CHECK(outcome.status == 0);
  const bool same = outcome.out == read_bytes(source / "docs" / "reference.md");
  CHECK_MESSAGE(same, "make it again: build/bin/lafs describe --markdown > docs/reference.md");
}

TEST_CASE("completion: commands, options, keys of --set and their values") {
  const std::string row = source / "recipes" / "quickstart.toml";
  const auto asked = [](const Arguments& words, const std::string& at) { return lafs(Arguments{"complete", at, "lafs"} + words).out; };
  CHECK(asked({"des"}, "1") == "describe\n");
  CHECK(asked({"compl"}, "1") == "completion\n");  // `complete` is not for people
  CHECK(asked({"run", "--qu"}, "2") == "--quiet\n");
  CHECK(asked({"describe", "part_f"}, "2") == "part_fvit\n");
  CHECK(asked({"new", "re"}, "2") == "recipe\n");
  CHECK(asked({"new", "plugin", "back"}, "3") == "backbone\n");
  CHECK(asked({"new", "recipe", "r"}, "3") == "run\nrow\n");
  CHECK(asked({"new", "recipe", "run", "my.toml", "--ob"}, "5") == "--objective\n");
  CHECK(asked({"new", "recipe", "run", "my.toml", "--objective", "la"}, "6") == "lafs\n");
  CHECK(asked({"run", row, "--stage", "from_l"}, "4") == "from_lafs\n");
  CHECK(asked({"run", row, "--set", "lafs.run.ep"}, "4") == "lafs.run.epochs=\n");
  CHECK(asked({"run", row, "--set", "lafs.run.device=cu"}, "4") == "lafs.run.device=cuda\n");
  CHECK(asked({"run", row, "--set", "lafs.run.device", "=", "cu"}, "6") == "cuda\n");  // as bash takes it apart
  CHECK(asked({"run", row, "--set", "lafs.backbone.use", "="}, "5").find("fvit\n") != std::string::npos);
  CHECK(asked({"run", "no.toml", "--set", "run.ep"}, "4") == "");
  CHECK(asked({"run", "recipes/"}, "2") == "");  // files are the shell's
  CHECK(asked({"data", "pa"}, "2") == "pack\n");
  CHECK(asked({"data", "pack", "--qui"}, "3") == "--quiet\n");
  CHECK(asked({"show", "views", "--pic"}, "3") == "--pictures\n");
  CHECK(asked({"--vers"}, "1") == "--version\n");
  const std::string dino = source / "recipes" / "dino_synthetic.toml";
  CHECK(asked({"run", dino, "--set", "evaluator.0.use=v"}, "4") == "evaluator.0.use=verification\nevaluator.0.use=verification_groups\n");
  CHECK(asked({"run", dino, "--set", "evaluator.0.data.use=v"}, "4") == "");
}

TEST_CASE("completion: bash asks the program that is typed") {
  const std::string typed = LAFS_TEST_PROGRAM;
  const std::string line = "source <(" + typed + " completion bash); COMP_WORDS=(" + typed + " data pa); COMP_CWORD=2; compopt() { :; }; " +
                           "_lafs " + typed + " pa data; printf '%s|' \"${COMPREPLY[@]}\"";
  const Outcome outcome = Program({"bash", "-c", line}).wait();
  CHECK(outcome.out == "pack|");
}

TEST_CASE("completion: a script for either shell") {
  CHECK(lafs({"completion", "bash"}).out.find("complete -o default -F _lafs lafs\n") != std::string::npos);
  CHECK(lafs({"completion", "zsh"}).out.starts_with("#compdef lafs\n"));
  CHECK(lafs({"completion", "fish"}).err == "lafs completion: error: shell: fish not in {bash,zsh}; see lafs completion --help\n");
}

TEST_CASE("help: the program without arguments prints it") {
  const Outcome alone = lafs({});
  CHECK(alone.status == 0);
  CHECK(alone.err.empty());
  CHECK(alone.out == lafs({"--help"}).out);
}

TEST_CASE("help: the program and each command name their options") {
  const std::vector<std::pair<std::string, std::vector<std::string>>> commands{
      {"run", {"--set", "--stage", "--out", "--quiet", "--json"}},
      {"check", {"--set", "--stage", "--resolved", "--json"}},
      {"plan", {"--set", "--stage", "--probe", "--probe-seconds", "--json"}},
      {"describe", {"--quirks", "--json", "--markdown"}},
      {"eval", {"--set", "--stage", "--recipe", "--out", "--batch", "--json"}},
      {"bench", {"--steps", "--warm-up", "--trace", "--trace-steps", "--json"}},
      {"embed", {"--out", "--flip", "--stage", "--source", "--force"}},
      {"completion", {"bash", "zsh"}},
      {"show", {"views", "landmarks", "attention"}},
      {"verify-resume", {"--stage", "--inputs", "--steps", "--kill-at", "--out", "--json"}}};
  const Outcome all = lafs({"--help"});
  CHECK(all.status == 0);
  for (const auto& [name, options] : commands) {
    CHECK_MESSAGE(all.out.find("\n  " + name + " ") != std::string::npos, name);
    const Outcome one = lafs({name, "--help"});
    CHECK(one.status == 0);
    for (const std::string& option : options) CHECK_MESSAGE(one.out.find(option) != std::string::npos, name << " " << option);
  }
  CHECK(lafs({"--version"}).out.starts_with("lafs "));
}

}  // namespace
}  // namespace lafs::test
