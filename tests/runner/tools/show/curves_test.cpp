#include "runner/tools/show/curves.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/error_of.h"

namespace lafs {
namespace {

using Texts = std::vector<std::string>;

NamedMetrics pairs(const std::string& name) {
  NamedMetrics out{name, {}, 0};
  out.metrics.curves = {{"roc", "", "far", "tar", {0.1, 1}, {0.5, 1}}};
  out.metrics.histograms = {{"scores", "", "cosine", 0, 1, {"genuine", "impostor"}, {{1, 2}, {3, 4}}}};
  return out;
}

Texts titles(const std::vector<Chart>& charts) {
  Texts all;
  for (const Chart& chart : charts) all.push_back(chart.title);
  return all;
}

}  // namespace

TEST_CASE("curves: titles name the evaluator, and the model where one of several is drawn alone") {
  const ScoredResults arcface{"arcface", {}, {pairs("lfw"), pairs("cplfw")}}, cosface{"cosface", {}, {pairs("lfw")}};
  CHECK(titles(charts_of({arcface}, "lfw")) == Texts{"lfw: ROC", "lfw: detection error tradeoff", "lfw: scores"});
  const auto both = charts_of({arcface, cosface}, "");
  CHECK(titles(both) == Texts{"lfw: ROC", "lfw: detection error tradeoff", "lfw: arcface: scores", "lfw: cosface: scores",
                              "cplfw: arcface: ROC", "cplfw: arcface: detection error tradeoff", "cplfw: arcface: scores"});
  CHECK(both[0].series[0].name == "arcface");
  CHECK(both[0].series[1].name == "cosface");
  CHECK(test::error_of([&] { charts_of({arcface}, "lfv"); }) == "no evaluator \"lfv\"; did you mean \"lfw\"?");
}

}  // namespace lafs
