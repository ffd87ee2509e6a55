#include "metrics/templates.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "metrics/template_features.h"
#include "support/error_of.h"
#include "template_rows.h"

using namespace lafs;
using namespace lafs::metrics;
using Flip = TemplateMode::Flip;

namespace {

/// Pictures of templates by chance; ids have gaps, rows of a template are not together.
struct Set {
  std::vector<int64_t> templates, media;
  std::vector<float> features, scores;
  int64_t width;

  Set(int64_t pictures, int64_t columns) : width(2 * columns) {
    Rng rng(key_of("templates"));
    for (int64_t i = 0; i < pictures; ++i) {
      templates.push_back(10 * rng.integer(0, pictures / 5) - 30);
      media.push_back(rng.integer(0, 4));
      scores.push_back(static_cast<float>(rng.uniform()));
      for (int64_t k = 0; k < width; ++k) features.push_back(static_cast<float>(rng.normal()));
    }
  }
  PictureFeatures given() const { return {features, width, true, scores}; }
  Rows pooled(const TemplateMode& mode, Precision precision, int64_t threads = 2) const {
    return pool_templates(TemplateLayout(templates, media), given(), mode, precision, threads);
  }

  /// One feature as the protocol says it.
  std::vector<double> feature(size_t picture, const TemplateMode& mode) const {
    const float* row = features.data() + static_cast<int64_t>(picture) * width;
    std::vector<double> out(row, row + (mode.flip == Flip::concat ? width : width / 2));
    double squares = 0;
    for (size_t k = 0; k < out.size(); ++k) {
      if (mode.flip == Flip::sum) out[k] += row[static_cast<int64_t>(k) + width / 2];
      squares += out[k] * out[k];
    }
    for (double& v : out) v *= (mode.weighs ? scores[picture] : 1.0) / (mode.keeps_norm || squares == 0 ? 1.0 : std::sqrt(squares));
    return out;
  }

  /// Scans the whole list for each template and medium.
  std::vector<double> naive(const TemplateMode& mode) const {
    std::vector<double> all;
    for (const int64_t id : std::set<int64_t>(templates.begin(), templates.end())) {
      std::map<int64_t, std::vector<std::vector<double>>> by_medium;
      for (size_t i = 0; i < templates.size(); ++i)
        if (templates[i] == id) by_medium[media[i]].push_back(feature(i, mode));
      std::vector<double> sum(by_medium.begin()->second[0].size());
      for (const auto& [medium, rows] : by_medium)
        for (const auto& row : rows)
          for (size_t k = 0; k < sum.size(); ++k) sum[k] += row[k] / static_cast<double>(rows.size());
      all.insert(all.end(), sum.begin(), sum.end());
    }
    return all;
  }
};

double worst(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

std::vector<TemplateMode> all_modes() {
  std::vector<TemplateMode> modes;
  for (const char* norm : {"N0", "N1"})
    for (const char* detector : {"D0", "D1"})
      for (const char* flip : {"_sum", "_none", "_concat"}) modes.push_back(template_mode(std::string(norm) + detector + flip));
  return modes;
}

}  // namespace

TEST_CASE("templates: every mode pools as the protocol is written") {
  for (const int64_t columns : {1, 7, 32, 67}) {
    const Set set(200, columns);
    for (const TemplateMode& mode : all_modes()) {
      CAPTURE(mode.name());
      const std::vector<double> naive = set.naive(mode);
      CHECK(worst(set.pooled(mode, Precision::f64).values, naive) < 1e-12);
      CHECK(worst(set.pooled(mode, Precision::f32).values, naive) < 2e-5);
    }
  }
}

TEST_CASE("templates: the number of threads changes no bit") {
  const Set set(900, 24);
  for (const Precision precision : {Precision::f64, Precision::f32}) {
    const Rows one = set.pooled({}, precision, 1);
    for (const int64_t threads : {2, 3, 8}) CHECK(set.pooled({}, precision, threads).values == one.values);
  }
}

TEST_CASE("templates: a layout has ids in ascending order, and media and pictures inside of them") {
  const std::vector<int64_t> templates{7, -2, 7, 7, -2, 7}, media{5, 9, 1, 5, 9, 1};
  const TemplateLayout layout(templates, media);
  CHECK(layout.ids() == std::vector<int64_t>{-2, 7});
  CHECK(layout.media() == 3);
  CHECK(layout.pictures() == 6);
  const auto pictures = [&](int64_t medium) {
    const auto span = layout.pictures_of(medium);
    return std::vector<int64_t>(span.begin(), span.end());
  };
  CHECK(pictures(layout.media_begin(0)) == std::vector<int64_t>{1, 4});
  CHECK(pictures(layout.media_begin(1)) == std::vector<int64_t>{2, 5});
  CHECK(pictures(layout.media_begin(1) + 1) == std::vector<int64_t>{0, 3});
  CHECK(layout.media_begin(2) == 3);
}

TEST_CASE("templates: zero features stay zero in every mode") {
  const std::vector<int64_t> id{1};
  const std::vector<float> zero(8), score{0.5f};
  for (const TemplateMode& mode : all_modes())
    for (const Precision precision : {Precision::f64, Precision::f32}) {
      const Rows unit = unit_templates(TemplateLayout(id, id), {zero, 8, true, score}, mode, precision, 1);
      CHECK(std::all_of(unit.values.begin(), unit.values.end(), [](double v) { return v == 0; }));
    }
}

TEST_CASE("templates: pages are given back while features are read") {
  Set set(600, 8);
  PictureFeatures given = set.given();
  int calls = 0;
  given.release = [&] { ++calls; };
  pool_templates(TemplateLayout(set.templates, set.media), given, {}, Precision::f64, 1);
  CHECK(calls == 0);  // less than a quarter of a gibibyte
}

TEST_CASE("templates: features that do not fit, or are not finite, are reported") {
  Set set(10, 3);
  const TemplateLayout layout(set.templates, set.media);
  const auto refusal = [&](const PictureFeatures& features, const TemplateMode& mode = {}, Precision precision = Precision::f64) {
    return test::error_of([&] { unit_templates(layout, features, mode, precision, 1); });
  };
  CHECK(refusal({std::span(set.features).first(59), 6, true, set.scores}) == "59 numbers do not fill rows of 6 for 10 pictures");
  CHECK(refusal({std::span(set.features).first(50), 5, true, set.scores}) == "rows of 5 numbers are not picture and mirror");
  CHECK(refusal({set.features, 6, false, set.scores}) == "mode N1D1_sum needs features of the mirrored pictures");
  CHECK(refusal({set.features, 6, true, std::span(set.scores).first(9)}) == "10 pictures have 9 detector scores");
  set.features[6 * 4 + 1] = std::nanf("");
  CHECK(refusal(set.given()) == "row 4 of the features is not finite");
  PictureFeatures named = set.given();
  named.name_of = [](int64_t row) { return std::to_string(row) + ".jpg"; };
  CHECK(refusal(named) == "row 4 of the features, picture \"4.jpg\", is not finite");
  set.features[6 * 4 + 1] = std::numeric_limits<float>::infinity();
  set.scores[4] = 0;
  CHECK(refusal(set.given()) == "row 4 of the features is not finite");
  std::fill(set.features.begin(), set.features.end(), std::numeric_limits<float>::max());
  CHECK(refusal(set.given(), template_mode("N1D0_sum"), Precision::f32) ==
        "sums of features in single precision are not finite, though every feature is; take precision f64");
}

TEST_CASE("templates: modes go by the names of the reference, and need what they use") {
  CHECK(TemplateMode().name() == "N1D1_sum");
  CHECK(template_mode("N0D1_concat") == TemplateMode{false, true, Flip::concat});
  const auto refusal = [](const std::vector<std::string>& names, bool scores) {
    return test::error_of([&] { TemplateModes(names, scores); });
  };
  CHECK(refusal({"N1D1"}, true) == "mode \"N1D1\" is not one of N0 or N1, then D0 or D1, then _sum, _none or _concat, as in \"N1D1_sum\"");
  CHECK(refusal({}, true) == "modes is empty; the published one is \"N1D1_sum\"");
  CHECK(refusal({"N1D1_sum", "N0D0_sum", "N1D1_sum"}, true) == "mode \"N1D1_sum\" is named twice");
  CHECK(refusal({"N1D1_sum"}, false) == "mode \"N1D1_sum\" multiplies by the detector's score: give \"faces\", the list that has it");
  CHECK(refusal({"N1D0_sum"}, true) ==
        "\"faces\" has no effect: no mode multiplies by the detector's score; leave it out, or name a mode with D1");
  CHECK_FALSE(TemplateModes({"N0D0_none"}, false).mirrored());
  CHECK(TemplateModes({"N0D0_none", "N1D0_concat"}, false).mirrored());
  CHECK(test::error_of([] { TemplateModes({"N1D0_sum"}, false).features({}, {}, 3, {}); }) ==
        "there are features of 0 pictures, and the list has 3");
}
