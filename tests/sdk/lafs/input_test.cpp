#include "lafs/input.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "lafs/params.h"
#include "support/error_of.h"

using namespace lafs;

namespace {

struct Change {
  std::string field, before, after;
  std::function<void(InputContract&)> apply;
};

/// One change of every field that a difference names, in its order.
std::vector<Change> changes() {
  return {{"height", "112", "96", [](InputContract& input) { input.height = 96; }},
          {"width", "112", "224", [](InputContract& input) { input.width = 224; }},
          {"colour", "rgb", "bgr", [](InputContract& input) { input.colour = "bgr"; }},
          {"mean[1]", "0.5", "0.25", [](InputContract& input) { input.mean[1] = 0.25; }},
          {"std[0]", "0.5", "1", [](InputContract& input) { input.std[0] = 1; }},
          {"alignment", "as_stored", "arcface112", [](InputContract& input) { input.alignment = "arcface112"; }},
          {"interpolation", "bilinear", "bicubic", [](InputContract& input) { input.interpolation = "bicubic"; }},
          {"shift[0]", "0", "8", [](InputContract& input) { input.shift[0] = 8; }},
          {"flip", "sum", "none", [](InputContract& input) { input.flip = "none"; }},
          {"score", "cosine", "euclidean", [](InputContract& input) { input.score = "euclidean"; }}};
}

/// Gives a list of whole numbers for `shift`.
class GivesShift final : public Params {
 public:
  explicit GivesShift(std::vector<int64_t> shift) : shift_(std::move(shift)) {}
  bool affects = false;  ///< whether the option enters identities, as it was declared before the value was given

 private:
  void visit(const Option& option) override {
    if (option.key != "shift") return;
    affects = !option.affects_nothing;
    *std::get<std::vector<int64_t>*>(option.slot) = shift_;
  }

  std::vector<int64_t> shift_;
};

/// Gives options as a recipe would.
class Gives final : public Params {
 public:
  explicit Gives(std::string preset, std::vector<double> mean = {}) : preset_(std::move(preset)), mean_(std::move(mean)) {}

 private:
  void visit(const Option& option) override {
    if (option.key == "preset") *std::get<std::string*>(option.slot) = preset_;
    if (option.key == "mean" && !mean_.empty()) *std::get<std::vector<double>*>(option.slot) = mean_;
  }

  std::string preset_;
  std::vector<double> mean_;
};

}  // namespace

TEST_CASE("input: equal contracts do not differ") {
  CHECK(InputContract().difference(InputContract()).empty());
  CHECK(InputContract() == InputContract());
}

TEST_CASE("input: a difference names the field with both values, ours first") {
  for (const Change& change : changes()) {
    InputContract other;
    change.apply(other);
    CHECK(InputContract().difference(other) == change.field + " " + change.before + " against " + change.after);
    CHECK(other.difference(InputContract()) == change.field + " " + change.after + " against " + change.before);
    CHECK_FALSE(other == InputContract());
  }
}

TEST_CASE("input: several differences are listed in the order of the fields") {
  InputContract other;
  std::string expected;
  for (const Change& change : changes()) {
    change.apply(other);
    expected += (expected.empty() ? "" : ", ") + change.field + " " + change.before + " against " + change.after;
  }
  CHECK(InputContract().difference(other) == expected);
}

TEST_CASE("input: the name of a preset is no difference where the numbers are the same") {
  InputContract custom;
  custom.preset = "custom";
  CHECK(InputContract().difference(custom).empty());
}

TEST_CASE("input: a preset sets mean and deviation, and written numbers win") {
  InputContract face;
  Gives preset("dino_face");
  face.declare(preset);
  CHECK(face.mean == std::array<double, 3>{0.485, 0.456, 0.406});
  CHECK(face.std == std::array<double, 3>{0.229, 0.224, 0.225});
  InputContract written;
  Gives with_mean("published_eval", {0.1, 0.2, 0.3});
  written.declare(with_mean);
  CHECK(written.mean == std::array<double, 3>{0.1, 0.2, 0.3});
  CHECK(written.std == std::array<double, 3>{1, 1, 1});
}

TEST_CASE("input: a mean needs a number for each channel") {
  InputContract input;
  Gives two("custom", {0.1, 0.2});
  CHECK(test::error_of([&] { input.declare(two); }) == "[input] mean has 2 numbers; it needs 3, one for each channel");
}

TEST_CASE("input: a shift has two numbers, and enters identities only where there is one") {
  InputContract input;
  GivesShift right({8, 0}), three({8, 0, 1});
  input.declare(right);
  CHECK(input.shift == std::vector<int64_t>{8, 0});
  CHECK_FALSE(right.affects);
  input.declare(right);
  CHECK(right.affects);
  CHECK(test::error_of([&] { input.declare(three); }) == "[input] shift has 3 numbers; it needs 2, right and down");
}
