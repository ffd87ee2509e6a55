#include "runner/report/report.h"

#include <doctest/doctest.h>

#include <cmath>

#include "kernel/ledger/manifest.h"
#include "kernel/ledger/metrics_log.h"
#include "kernel/results/html_text.h"
#include "kernel/results/results_json.h"
#include "lafs/error.h"
#include "runner/report/chart_block.h"
#include "runner/report/pictures_section.h"
#include "support/run_folder.h"

using namespace std::string_view_literals;

namespace lafs {
namespace {

bool has(const std::string& page, const std::string& part) { return page.find(part) != std::string::npos; }

NamedMetrics lfw() {
  NamedMetrics out{"lfw", {}, 0};
  out.metrics.values = {
      {"accuracy", "", 0.9983, 0.0012, 6000, Unit::share}, {"threshold", "", 1.5}, {"accuracy", "pixels", 0.61, 0, 6000, Unit::share}};
  out.metrics.curves = {{"roc", "", "far", "tar", {0.0001, 0.01, 1}, {0.5, 0.9, 1}},
                        {"roc", "pixels", "far", "tar", {0.0001, 0.01, 1}, {0.1, 0.2, 1}}};
  out.metrics.lists = {{"false accepts", {{"pair 17: <a> & <b>", 0.81}}}};
  out.metrics.notes = {"flip sum"};
  return out;
}

TEST_CASE("report: a whole run becomes one page, with the baseline beside the model") {
  const test::RunFolder folder;
  {
    MetricsLog log(folder.path, 0);
    for (int64_t step = 1; step <= 20; ++step) log.step({step, 0, 5.0 / static_cast<double>(step), 0.1, 0, 1, 10, {}});
    log.evaluation(20, {lfw()});
  }
  folder.write("recipe.toml", "[run]\nseed = 7  # <b>\n");
  write_results(folder.path, {lfw()}, 20, "best");
  write_manifest(folder.path, {{"lafs", "train"}, "quick.toml", "a1", "c3", "cpu", 2, 1, nullptr});
  write_report(folder.path);
  const std::string page = folder.read("report.html");
  CHECK(has(page, "Results of the best checkpoint, step 20"));
  CHECK(has(page, "<b>99.83 %</b><span>accuracy on lfw</span><span>95 % interval 99.59 to 100.00, ± 0.12 standard error, n = 6000</span>"));
  CHECK(has(page, "<b>61.00 %</b><span>pixels alone</span>"));
  CHECK(has(
      page,
      "<td class=\"number lead\"><i>99.83 %</i> <i>± 0.12</i></td><td class=\"number\"><i>61.00 %</i></td><td class=\"number\">6000</td>"));
  CHECK(has(page, "<figcaption>Loss</figcaption>"));
  CHECK(has(page, "<figcaption>lfw: ROC</figcaption>"));
  CHECK(has(page, "<noscript>"));
  CHECK(has(page, "pair 17: &lt;a&gt; &amp; &lt;b&gt;"));
  CHECK(has(page, "<span>seed = 7  # &lt;b&gt;</span>"));
  CHECK(has(page, "<li>flip sum (lfw)</li>"));
  CHECK(has(page, "quick.toml"));
  for (const char* outside : {"http:", "<script src", "<link", "<img", "url(", "@import"}) CHECK_FALSE(has(page, outside));
}

TEST_CASE("report: what became of the weights that a run began with is reported, names and reasons included") {
  const test::RunFolder folder;
  folder.write("weights.json",
               R"({"init": [{"into": "backbone", "from": "w.pth", "file": "/data/w.pth", "identity": "ab", "map": "dino_backbone",
    "select": "", "loaded": ["cls_token", "norm.weight"], "mapped": [{"name": "a", "stored": "module.a"}],
    "left_random": [{"name": "pos_embed", "reason": "missing in the file"}], "dropped": ["head.weight"],
    "unused": [{"stored": "blocks.1.<b>", "reason": "without a place in the network"}], "not_selected": []}]})");
  write_report(folder.path);
  const std::string page = folder.read("report.html");
  CHECK(has(page, "<h2>Weights it began with</h2>"));
  CHECK(has(page, "<td>backbone</td><td>/data/w.pth, map dino_backbone</td><td class=\"number\">2</td><td class=\"number\">1</td>"));
  CHECK(has(page, "<summary>/data/w.pth: Left random, 1</summary><pre>pos_embed: missing in the file\n</pre>"));
  CHECK(has(page, "<summary>/data/w.pth: Dropped by the map, 1</summary><pre>head.weight\n</pre>"));
  CHECK(has(page, "<pre>blocks.1.&lt;b&gt;: without a place in the network\n</pre>"));
  CHECK_FALSE(has(page, "Not selected, "));
}

TEST_CASE("report: the pictures of ranked lists lie in the page, with their scores") {
  const test::RunFolder folder;
  const std::shared_ptr<uint8_t> bytes(new uint8_t[12]{}, std::default_delete<uint8_t[]>());
  const Image picture{2, 2, bytes};
  write_report(folder.path, {{"lfw", "false <accepts>", {{{"pair 3: a & b, impostor", 0.8125, {"a", "b"}}, {picture, picture}}}}});
  const std::string page = folder.read("report.html");
  CHECK(has(page, "<h3>lfw: false &lt;accepts&gt;</h3>"));
  CHECK(has(page, "<figcaption><b>0.8125</b> pair 3: a &amp; b, impostor</figcaption>"));
  const std::string jpeg = "<img alt=\"\" width=\"2\" height=\"2\" src=\"data:image/jpeg;base64,/9j/";
  CHECK(page.find(jpeg) != page.rfind(jpeg));
}

TEST_CASE("base64: the examples of RFC 4648, and every letter") {
  const auto text = [](std::string_view bytes) { return base64_text({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}); };
  CHECK(text("") == "");
  CHECK(text("f") == "Zg==");
  CHECK(text("fo") == "Zm8=");
  CHECK(text("foo") == "Zm9v");
  CHECK(text("foobar") == "Zm9vYmFy");
  CHECK(text("\x00\x10\x83\x10\x51\x87\xfb\xef\xff"sv) == "ABCDEFGH++//");
}

TEST_CASE("report: what a folder lacks is left out") {
  const test::RunFolder folder;
  write_report(folder.path);
  const std::string page = folder.read("report.html");
  for (const char* part : {"<h2>", "<script", "<table", "<canvas"}) CHECK_FALSE(has(page, part));
  CHECK(has(page, "<h1>" + folder.path.filename().string() + "</h1>"));
}

TEST_CASE("report: a row's page links to those of its stages") {
  const test::RunFolder folder;
  folder.write("results.json",
               R"({"title":"two","row":"two.toml","identity":"abc","stages":[{"name":"first","step":12,"identity":"def","evaluators":[
    {"name":"lfw","values":[{"name":"accuracy","variant":"","value":0.75,"unit":"share","n":6000}]}]}],
    "published":[{"stage":"first","metric":"accuracy","value":0.8,"tolerance":0.05,"measured":0.75,"reproduced":true,"unit":"share","source":"table 1"},
    {"stage":"first","metric":"accuracy","value":0.9,"tolerance":0.01,"measured":0.75,"reproduced":false,"unit":"share","source":""},
    {"stage":"first","metric":"rank1","value":0.5,"tolerance":0,"measured":null,"reproduced":null,"unit":"","source":""}],"deviations":["another <seed>"]})");
  write_row_report(folder.path);
  const std::string page = folder.read("report.html");
  CHECK(has(page, "<h1>two</h1>"));
  CHECK(has(page, "<a href=\"first/report.html\">first</a>"));
  CHECK(has(page, "<b>75.00 %</b><span>accuracy on lfw</span><span>n = 6000</span><span>stage first, step 12</span>"));
  CHECK(has(page, "<b>80.00 %</b><span>published</span><span>ours is within the tolerance of 5.00 %</span><span>table 1</span>"));
  CHECK(has(page, "<td class=\"number\">-5.00 %</td>"));
  CHECK(has(page, "<td><span class=\"no\">no</span></td>"));
  CHECK(has(page, "<td>not measured</td>"));
  CHECK(has(page, "<li>another &lt;seed&gt;</li>"));
}

TEST_CASE("report: what a method said while it trained comes first, in the pages of a run and of its row") {
  const test::RunFolder folder;
  MetricsLog log(folder.path / "pretrain", 0);
  for (const int64_t step : {5, 10}) {
    log.step({step, 0, 1, 0.1, 0, 1, 10, {}});
    log.note(step, "it may have <collapsed> (entropy " + std::to_string(step) + ")");
  }
  write_results(folder.path / "pretrain", {lfw()}, 10, "last");
  folder.write("results.json",
               R"({"title":"two","row":"r.toml","identity":"1","stages":[{"name":"pretrain","step":10,"identity":"2","evaluators":[]}]})");
  const std::string said = "it may have &lt;collapsed&gt; (entropy 10): 2 times from step 5 on, last at step 10</li>";
  CHECK(has(report_page(folder.path / "pretrain", {}), "<li><b>warning</b>: " + said));
  CHECK(has(row_report_page(folder.path), "<li><b>warning</b>: pretrain, " + said));
}

TEST_CASE("report: a damaged file is named") {
  const test::RunFolder folder;
  folder.write("results.json", "{\"step\":");
  CHECK_THROWS_WITH_AS(write_report(folder.path), ("\"" + (folder.path / "results.json").string() + "\" is not a JSON object").c_str(),
                       Error);
}

TEST_CASE("html: what has a meaning is escaped") { CHECK(html_text("<a href=\"x\">&") == "&lt;a href=&quot;x&quot;&gt;&amp;"); }

}  // namespace
}  // namespace lafs
