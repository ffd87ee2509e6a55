#include "kernel/run/ranking.h"

#include <cmath>

#include <doctest/doctest.h>

#include "support/error_of.h"

using namespace lafs;

namespace {

std::vector<NamedMetrics> results() {
  NamedMetrics dev{"dev", {}, 0}, lfw{"lfw", {}, 0};
  lfw.metrics.values = {{.name = "accuracy", .value = 0.9}, {.name = "accuracy", .variant = "pixels", .value = 0.6}};
  dev.metrics.values = {{.name = "accuracy", .value = 0.8}, {.name = "eer", .value = 0.1}, {.name = "tar@far=0.1", .value = NAN}};
  return {lfw, dev};
}

}  // namespace

TEST_CASE("ranking: the first value of the first evaluator, unless the recipe names another") {
  CHECK(*ranking_of("", results()) == 0.9);
  CHECK(*ranking_of("dev/accuracy", results()) == 0.8);
  CHECK(*ranking_of("lfw/pixels/accuracy", results()) == 0.6);
  CHECK(*ranking_of("-dev/eer", results()) == -0.1);
}

TEST_CASE("ranking: where the evaluator says that smaller is better, no sign is needed") {
  std::vector<NamedMetrics> all = results();
  all[0].metrics.values[0].better = all[1].metrics.values[1].better = Better::smaller;
  CHECK(*ranking_of("", all) == -0.9);
  CHECK(*ranking_of("dev/eer", all) == -0.1);
  CHECK(*ranking_of("-dev/eer", all) == -0.1);
}

TEST_CASE("ranking: nothing where there is no such value") {
  CHECK_FALSE(ranking_of("", {}).has_value());
  CHECK_FALSE(ranking_of("", {{"empty", {}, 0}}).has_value());
  CHECK_FALSE(ranking_of("other/accuracy", results()).has_value());
  CHECK_FALSE(ranking_of("dev/tar@far=0.1", results()).has_value());
  CHECK(test::error_of([] { ranking_of("dev/acuracy", results()); }) ==
        "[run] best = \"dev/acuracy\": evaluator \"dev\" has no metric \"acuracy\"; did you mean \"accuracy\"?");
}
