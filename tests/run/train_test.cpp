#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

TEST_CASE("run: a run to its end leaves recipe, manifest, log, events, checkpoints, results and report") {
  const Tiny tiny;
  const Outcome outcome = tiny.run("out");
  CHECK_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(outcome.err == "");
  CHECK(outcome.out.find("accuracy") != std::string::npos);
  for (const char* file :
       {"recipe.toml", "manifest.json", "metrics.jsonl", "results.json", "report.html", "checkpoints/last/weights.safetensors",
        "checkpoints/last/optimizer.safetensors", "checkpoints/last/state.json", "checkpoints/best/weights.safetensors"}) {
    CHECK_MESSAGE(fs::file_size(tiny / "out" / file) > 0, file);
  }
  size_t events = 0;
  for (const auto& entry : fs::directory_iterator(tiny / "out"))
    events += entry.path().filename().string().starts_with("events.out.tfevents.");
  CHECK(events == 1);
  CHECK(json_file(tiny / "out" / "results.json").at("step") == 12);
  CHECK(json_file(tiny / "out" / "manifest.json").at("command").size() == 6);
  const auto log = log_of(tiny / "out");
  CHECK(log.size() == 12 + 2);
  CHECK(log.front().at("step") == 0);
  CHECK(log.back().at("evaluation") == "verification");
}

TEST_CASE("run: the recipe in the run folder resolves to itself") {
  const Tiny tiny;
  REQUIRE(tiny.run("out").status == 0);
  const fs::path resolved = tiny / "out" / "recipe.toml";
  const Outcome outcome = lafs({"check", "--resolved", resolved});
  CHECK(outcome.status == 0);
  CHECK(outcome.out == read_bytes(resolved));
  CHECK(outcome.err == "");
}

TEST_CASE("run: the same recipe twice gives the same bytes, with one loader thread or four") {
  const Tiny tiny;
  REQUIRE(tiny.run("one").status == 0);
  REQUIRE(tiny.run("again").status == 0);
  REQUIRE(tiny.run("four", {"--set", "run.loader_threads=4", "--set", "run.prefetch=3"}).status == 0);
  CHECK(trained(tiny / "one") == trained(tiny / "again"));
  CHECK(trained(tiny / "one") == trained(tiny / "four"));
  CHECK(log_of(tiny / "one") == log_of(tiny / "four"));
  REQUIRE(tiny.run("seed", {"--set", "run.seed=4"}).status == 0);
  CHECK(trained(tiny / "one") != trained(tiny / "seed"));
}

TEST_CASE("run: bf16 trains, to other numbers") {
  const Tiny tiny;
  REQUIRE(tiny.run("fp32", {"--set", "run.epochs=1"}).status == 0);
  const Outcome outcome = tiny.run("bf16", {"--set", "run.epochs=1", "--set", "run.precision=bf16"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const double fp32 = log_of(tiny / "fp32").front().at("loss"), bf16 = log_of(tiny / "bf16").front().at("loss");
  CHECK(fp32 != bf16);
  CHECK(bf16 == doctest::Approx(fp32).epsilon(0.02));
}

TEST_CASE("run: fp16 trains, and shows its scale in the log and of skipped updates on the screen") {
  const Tiny tiny;
  const Arguments short_run{"--set", "run.epochs=1", "--set", "run.precision=fp16"};
  REQUIRE(tiny.run("fp32", {"--set", "run.epochs=1"}).status == 0);
  REQUIRE(tiny.run("fp16", short_run).status == 0);
  const auto log = log_of(tiny / "fp16");
  const double fp32 = log_of(tiny / "fp32").front().at("loss"), fp16 = log.front().at("loss");
  CHECK(fp32 != fp16);
  CHECK(fp16 == doctest::Approx(fp32).epsilon(0.005));
  CHECK(log.front().at("loss_scale") == 65536);

  const Outcome outcome = lafs(Arguments{"run", tiny.recipe(), "--out", tiny / "high"} + short_run +
                               Arguments{"--set", "run.loss_scale.start=1e30", "--set", "run.loss_scale.backoff=1e-6"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const std::string note = "step 0: update skipped: a gradient is not finite at loss scale 1e+30, which is now 1e+24; 1 skipped so far\n";
  CHECK_MESSAGE(outcome.err.find(note) != std::string::npos, outcome.err);
  const auto high = log_of(tiny / "high");
  CHECK(high.at(0).at("gradient_norm").is_null());
  CHECK(high.at(0).at("skipped_steps") == 1);
  CHECK(high.at(5).at("gradient_norm").is_number());
  CHECK(high.at(5).at("loss_scale") < 1e19);
}

TEST_CASE("run: a head with one identity to tell apart is reported") {
  const Tiny tiny;
  const std::string note = "all pictures are of one identity: the head has nothing to distinguish, and its loss teaches nothing\n";
  for (const auto& [identities, told] : {std::pair("1", true), {"2", false}}) {
    const Outcome outcome = lafs({"run", tiny.recipe(), "--out", tiny / identities, "--set", "run.epochs=1", "--set", "run.batch=2",
                                  "--set", std::string("data_source.identities=") + identities});
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    CHECK_MESSAGE((outcome.err.find(note) != std::string::npos) == told, outcome.err);
  }
}

TEST_CASE("run: accumulation halves the steps") {
  const Tiny tiny;
  const Outcome outcome = tiny.run("out", {"--set", "run.accumulate=2"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(json_file(tiny / "out" / "results.json").at("step") == 6);
}

TEST_CASE("run: a run that is done is not trained again, and says so") {
  const Tiny tiny;
  const Outcome first = tiny.run("out");
  REQUIRE(first.status == 0);
  const std::string weights = trained(tiny / "out");
  const auto log = log_of(tiny / "out");
  const auto written = fs::last_write_time(tiny / "out" / "checkpoints" / "last" / "weights.safetensors");
  const Outcome second = tiny.run("out");
  CHECK(second.status == 0);
  CHECK(second.out == first.out);
  CHECK(trained(tiny / "out") == weights);
  CHECK(log_of(tiny / "out") == log);
  CHECK(fs::last_write_time(tiny / "out" / "checkpoints" / "last" / "weights.safetensors") == written);
  const std::string told = lafs({"run", tiny.recipe(), "--out", tiny / "out"}).err;
  CHECK_MESSAGE(told.ends_with("all 12 steps were done before\nsee " + (tiny / "out").string() + "/report.html\n"), told);
}

TEST_CASE("run: weights of another run are taken over, and counted") {
  const Tiny tiny;
  REQUIRE(tiny.run("first", {"--set", "run.epochs=1"}).status == 0);
  const std::string from = tiny / "first";
  const Arguments init{"--set", "run.epochs=1", "--set", "init=[{ into = \"backbone\", from = \"" + from + "\", select = \"backbone\" }]"};
  const Outcome second = lafs(Arguments{"run", tiny.recipe(), "--out", tiny / "second"} + init);
  REQUIRE_MESSAGE(second.status == 0, second.err);
  const std::string file = (fs::path(from) / "checkpoints" / "best" / "weights.safetensors").string();
  CHECK_MESSAGE(second.err.find("17 of 17 tensors into \"backbone\" from \"" + file + "\"\n") != std::string::npos, second.err);
  const Outcome deeper = tiny.run("third", init + Arguments{"--set", "backbone.depth=2"});
  CHECK(deeper.status == 1);
  CHECK(deeper.err == "--set init: error: [[init]] loads 17 of 28 tensors into \"backbone\" from \"" + file +
                          "\"; 11 missing, first \"transformer.layers.1.0.fn.norm.weight\"; that is less than floor = 1\n");
}

}  // namespace
}  // namespace lafs::test
