#include "runner/tools/report/serve.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "kernel/ledger/manifest.h"
#include "kernel/ledger/metrics_log.h"
#include "kernel/results/results_json.h"
#include "support/run_folder.h"

namespace lafs {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// A folder with a finished run "a b", one that trains, "deep/c", and files that nobody may see.
struct Served {
  test::RunFolder folder;
  Served() {
    for (const char* name : {"a b", "deep/c"}) {
      const fs::path run = folder.path / name;
      MetricsLog log(run, 0);
      for (int64_t step = 0; step < 3; ++step) log.step({step, 0, 1.0, 0.1, 0, 1, 10, {}});
      write_manifest(run, {{"lafs"}, "x.toml", "a", "b", "cpu", 1, 1, nullptr});
    }
    NamedMetrics lfw{"lfw", {}, 0};
    lfw.metrics.values = {{.name = "accuracy", .value = 0.75, .n = 10, .unit = Unit::share}};
    write_results(folder.path / "a b", {lfw}, 3, "last");
    folder.write("secret.txt", "secret");
    folder.write("a b/views.png", "a sheet");
    folder.write("a b/weights.bin", "weights");
    fs::create_directory_symlink(folder.path / "deep/c", folder.path / "a b" / "stage");
    fs::create_symlink(folder.path / "secret.txt", folder.path / "a b" / "link.png");
  }
};

HttpReply ask(RunIndex& runs, const std::string& target) { return reply_to(parsed_target(target), runs); }

TEST_CASE("served: every run is listed once, with its state and answer") {
  const Served served;
  RunIndex runs(served.folder.path);
  const Json list = Json::parse(ask(runs, "/runs.json").body);
  REQUIRE(list.size() == 2);
  CHECK(list[0]["name"] == "a b");
  CHECK(list[0]["state"] == "finished");
  CHECK(list[0]["answer"] == "accuracy on lfw: 75.00 %");
  CHECK(list[0]["step"] == 3);
  CHECK(list[1]["name"] == "deep/c");
  CHECK(list[1]["state"] == "training");
}

TEST_CASE("served: a run that goes on is seen to") {
  const Served served;
  RunIndex runs(served.folder.path);
  CHECK(Json::parse(ask(runs, "/runs.json").body)[1]["step"] == 3);
  MetricsLog(served.folder.path / "deep/c", 3).step({3, 0, 1.0, 0.1, 0, 1, 10, {}});
  CHECK(Json::parse(ask(runs, "/runs.json").body)[1]["step"] == 4);
}

TEST_CASE("served: reports and sheets of runs, also through the links of a row") {
  const Served served;
  RunIndex runs(served.folder.path);
  const HttpReply report = ask(runs, "/view/a%20b/report.html");
  CHECK(report.status == 200);
  CHECK(report.refresh_seconds == 0);
  CHECK(report.body.find("<b>75.00 %</b>") != std::string::npos);
  CHECK(ask(runs, "/view/deep/c/report.html").refresh_seconds > 0);
  CHECK(ask(runs, "/view/a%20b/stage/report.html").status == 200);
  CHECK(ask(runs, "/view/a%20b/views.png").body == "a sheet");
  CHECK_FALSE(fs::exists(served.folder.path / "a b" / "report.html"));
}

TEST_CASE("served: nothing else is") {
  const Served served;
  RunIndex runs(served.folder.path);
  for (const char* target : {"/view/secret.txt", "/view/../secret.txt", "/view/a%20b/../secret.txt", "/view/a%20b/%2e%2e/secret.txt",
                             "/view/a%20b/weights.bin", "/view/a%20b/link.png", "/view/a%20b/weights.bin%00.png", "/view/deep/report.html",
                             "/view//etc/passwd", "/view/%2fetc/report.html", "/view/a%20b%00/report.html", "/view/report.html",
                             "/view/..%2f..%2fetc/passwd", "/a%20b/views.png", "/view/a%20b/missing.png", "/charts.json?run=no"}) {
    CHECK_MESSAGE(ask(runs, target).status == 404, target);
  }
}

TEST_CASE("served: curves of chosen runs lie over each other") {
  const Served served;
  RunIndex runs(served.folder.path);
  const Json charts = Json::parse(ask(runs, "/charts.json?run=a+b&run=deep%2Fc").body);
  CHECK(charts[0]["title"] == "Loss");
  CHECK(charts[0]["series"][0]["name"] == "a b");
  CHECK(charts[0]["series"][1]["name"] == "deep/c");
}

TEST_CASE("served: addresses are decoded, broken escapes stay") {
  const HttpRequest request = parsed_target("/a%2Fb%zz%4?run=x+y%2B&empty&=z");
  CHECK(request.path == "/a/b%zz%4");
  REQUIRE(request.query.size() == 3);
  CHECK(request.query[0] == std::pair<std::string, std::string>{"run", "x y+"});
  CHECK(request.query[1].second == "");
  CHECK(request.query[2] == std::pair<std::string, std::string>{"", "z"});
}

}  // namespace
}  // namespace lafs
