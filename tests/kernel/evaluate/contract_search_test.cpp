#include "kernel/evaluate/contract_search.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "lafs/error.h"
#include "lafs/rng.h"
#include "support/error_of.h"

namespace lafs::test {
namespace {

/// A model that was trained with bgr, values in [-1, 1] and pictures 5 pixels further right; each other choice costs something of its d'.
struct Pretended {
  std::vector<uint8_t> same;
  std::vector<double> noise;
  double colour = 0.6, range = 0.5, shift = 0.02;  ///< what the wrong choice costs; a shift for each pixel
  int64_t right = 5;
  std::string colour_wanted = "bgr";
  bool overflows = false;

  explicit Pretended(int64_t pairs = 1000) {
    Rng rng(7);
    for (int64_t i = 0; i < pairs; ++i) {
      same.push_back(i % 2 == 0 ? 1 : 0);
      noise.push_back(rng.normal(0, 1));
    }
  }

  std::vector<double> operator()(const InputContract& input) const {
    if (overflows && value_range(input) == "[0, 255]") throw Error("the embedding of picture \"a\" is not finite");
    double distance = 2;
    if (input.colour != colour_wanted) distance -= colour;
    if (value_range(input) != "[-1, 1]") distance -= range;
    distance -= shift * static_cast<double>(std::abs(input.shift[0] - right) + std::abs(input.shift[1]));
    Rng own(key_of(input.colour) ^ key_of(value_range(input)) ^ static_cast<uint64_t>(1000 + input.shift[0] * 100 + input.shift[1]));
    std::vector<double> scores;
    for (size_t i = 0; i < same.size(); ++i) scores.push_back((same[i] ? distance : 0) + noise[i] + own.normal(0, 0.1));
    return scores;
  }
};

InputContract with_colour_rgb(InputContract input) {
  input.colour = "rgb";
  return input;
}

InputContract right_contract() {
  InputContract input;
  input.colour = "bgr";
  input.shift = {5, 0};
  return input;
}

TEST_CASE("contract search: finds order, range and shift together") {
  const Pretended model;
  InputContract given;
  given.mean = {0, 0, 0};
  given.std = {1, 1, 1};
  const ContractSearch search = search_contract(given, model.same, model);
  REQUIRE(search.findings.size() == 3);
  CHECK(search.findings[0].part == "colour");
  CHECK(search.findings[0].given == "rgb");
  CHECK(search.findings[0].fits == "bgr");
  CHECK(search.findings[0].setting == "colour = \"bgr\"");
  CHECK(search.findings[1].part == "value range");
  CHECK(search.findings[1].given == "[0, 1]");
  CHECK(search.findings[1].fits == "[-1, 1]");
  CHECK(search.findings[1].setting == "preset = \"lafs\"");
  CHECK(search.findings[2].part == "shift");
  CHECK(search.best.colour == "bgr");
  CHECK(value_range(search.best) == "[-1, 1]");
  CHECK(std::abs(search.best.shift[0] - 5) <= 2);
  CHECK(std::abs(search.best.shift[1]) <= 2);
  for (const ContractFinding& finding : search.findings) CHECK(finding.sure);
}

TEST_CASE("contract search: nothing to report for the right contract, on any draw of the noise") {
  for (uint64_t draw = 0; draw < 10; ++draw) {
    Pretended model(600);
    Rng rng(100 + draw);
    for (double& noise : model.noise) noise = rng.normal(0, 1);
    CHECK(search_contract(right_contract(), model.same, model).findings.empty());
  }
}

TEST_CASE("contract search: values that are alike are all named, and none that the given one is among") {
  Pretended model;
  model.range = 0;
  const ContractSearch wrong_colour = search_contract(with_colour_rgb(right_contract()), model.same, model);
  REQUIRE(wrong_colour.findings.size() == 1);
  CHECK(wrong_colour.findings[0].part == "colour");
  CHECK(value_range(wrong_colour.best) == "[-1, 1]");
}

TEST_CASE("contract search: a contract without finite embeddings is no end") {
  Pretended model;
  model.overflows = true;
  InputContract given = right_contract();
  given.mean = {0, 0, 0};
  given.std = {1.0 / 255, 1.0 / 255, 1.0 / 255};
  const ContractSearch search = search_contract(given, model.same, model);
  REQUIRE(search.findings.size() == 1);
  CHECK(search.findings[0].given == "[0, 255]");
  CHECK(search.findings[0].fits == "[-1, 1]");
  CHECK(search.trials.front().fault == "the embedding of picture \"a\" is not finite");
}

TEST_CASE("contract search: a model that fails everywhere throws what it threw") {
  const Pretended model;
  const ContractScorer fails = [](const InputContract&) -> std::vector<double> { throw Error("no such layer"); };
  CHECK(error_of([&] { search_contract({}, model.same, fails); }) == "no such layer");
}

}  // namespace
}  // namespace lafs::test
