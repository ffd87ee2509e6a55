#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "formats/template_lists.h"
#include "metrics/roc.h"
#include "metrics/template_report.h"
#include "support/roc_vectors.h"
#include "support/vector_record.h"
#include "support/vectors.h"

// IJB's one-to-one protocol on a toy set: evaluation 3.3; the lists are read from the files that the record names.
TEST_SUITE("vectors_ijb_toy") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;
  using namespace lafs::metrics;
  using nlohmann::json;
  using Table = std::vector<std::vector<double>>;

  struct Toy {
    json recorded = test::read_vectors("ijb_toy.json");
    formats::TemplatePictures pictures;
    formats::DetectedFaces faces;
    formats::TemplatePairs pairs;
    std::vector<float> features;
    int64_t width = 0;

    Toy() {
      std::map<std::string, std::filesystem::path> files;  // by the end of their names
      for (const json& file : recorded.at("files")) {
        const auto path = test::recorded_file(file);
        for (const char* kind : {"face_tid_mid", "name_5pts_score", "template_pair_label"})
          if (path.stem().string().ends_with(kind)) files[kind] = path;
      }
      REQUIRE(files.size() == 3);
      pictures = formats::read_template_pictures(files["face_tid_mid"]);
      faces = formats::read_detected_faces(files["name_5pts_score"]);
      formats::check_same_pictures(pictures, faces, files["face_tid_mid"], files["name_5pts_score"]);
      pairs = formats::read_template_pairs(files["template_pair_label"], formats::IdIndex(pictures.templates), files["face_tid_mid"]);
      const auto original = recorded.at("input").at("embeddings_original").get<Table>();
      const auto flipped = recorded.at("input").at("embeddings_flipped").get<Table>();
      REQUIRE(original.size() == flipped.size());
      width = static_cast<int64_t>(2 * original.at(0).size());
      for (size_t i = 0; i < original.size(); ++i) {
        features.insert(features.end(), original[i].begin(), original[i].end());
        features.insert(features.end(), flipped[i].begin(), flipped[i].end());
      }
    }

    PictureFeatures given() const { return {features, width, true, faces.scores}; }
    TemplateLayout layout() const { return {pictures.templates, pictures.media}; }
    TemplateProtocol protocol(Precision precision) const {
      TemplateProtocol out{layout(), pairs.first, pairs.second, pairs.genuine};
      out.precision = precision;
      return out;
    }
  };

  void check_near(std::span<const double> ours, const std::vector<double>& golden, double tolerance) {
    REQUIRE(ours.size() == golden.size());
    double worst = 0;
    for (size_t k = 0; k < golden.size(); ++k) worst = std::max(worst, std::abs(ours[k] - golden[k]));
    CHECK(worst <= tolerance);
  }

  void check_rows(const Rows& ours, const json& golden, double tolerance, double relative) {
    const auto table = golden.get<Table>();
    REQUIRE(ours.rows == std::ssize(table));
    for (int64_t r = 0; r < ours.rows; ++r) {
      double largest = 0;
      for (const double v : table[static_cast<size_t>(r)]) largest = std::max(largest, std::abs(v));
      check_near(ours.row(r), table[static_cast<size_t>(r)], tolerance + relative * largest);
    }
  }

  /// Every picture as a template of its own: what it is made of.
  Rows picture_features(const Toy& toy, const TemplateMode& mode, Precision precision) {
    std::vector<int64_t> each;
    for (int64_t i = 0; i < std::ssize(toy.pictures.names); ++i) each.push_back(i);
    return pool_templates(TemplateLayout(each, each), toy.given(), mode, precision, 1);
  }

  void check_operating(const Roc& roc, const json& expected) {
    for (const json& point : expected) {
      CAPTURE(point.dump());
      const size_t i = nearest_point(roc, point.at(0));
      CHECK(roc.points[i].fp == point.at(1).get<int64_t>());
      CHECK(roc.points[i].tp == point.at(2).get<int64_t>());
      CHECK(roc.tar(i) == point.at(3).get<double>());
    }
  }

  void check_variant(const Toy& toy, const std::string& name, const json& expected) {
    const size_t cut = name.rfind('_');
    const TemplateMode mode = template_mode(name.substr(0, cut));
    const bool single = name.substr(cut + 1) == "float32";
    REQUIRE((single || name.substr(cut + 1) == "float64"));
    const Precision precision = single ? Precision::f32 : Precision::f64;
    const TemplateProtocol protocol = toy.protocol(precision);
    const std::vector<double> scores = template_scores(protocol, toy.given(), mode, 2);
    check_near(scores, expected.at("score"), !single ? 1e-12 : mode.keeps_norm ? 2e-7 : 3e-7);
    const SortedScores sorted = sorted_scores(scores, protocol.genuine, 1);
    const Roc roc = roc_curve(sorted, Collinear::drop);
    CHECK(std::abs(area(roc) - expected.at("auc").get<double>()) <= 1e-12);
    check_operating(roc, expected.at("operating_points"));
    if (expected.contains("points_kept_fp_tp"))
      CHECK(test::counts_of(roc) == expected.at("points_kept_fp_tp").get<std::vector<std::vector<int64_t>>>());
    Rows templates = pool_templates(protocol.layout, toy.given(), mode, precision, 2);
    if (expected.contains("image_features"))
      check_rows(picture_features(toy, mode, precision), expected.at("image_features"), single ? 0 : 1e-12, 0);
    if (expected.contains("template_sum")) check_rows(templates, expected.at("template_sum"), 1e-12, single ? 1e-7 : 0);
    normalise_rows(templates);
    if (expected.contains("template_unit")) check_rows(templates, expected.at("template_unit"), single ? 1e-7 : 1e-12, 0);
  }

  TEST_CASE("the lists say what is recorded") {
    const Toy toy;
    CHECK(toy.pictures.templates == toy.recorded.at("template_ids").get<std::vector<int64_t>>());
    CHECK(toy.pictures.media == toy.recorded.at("media_ids").get<std::vector<int64_t>>());
    CHECK(toy.layout().ids() == toy.recorded.at("unique_templates").get<std::vector<int64_t>>());
    const auto text = toy.recorded.at("input").at("detector_score_text").get<std::vector<std::string>>();
    REQUIRE(text.size() == toy.faces.scores.size());
    for (size_t i = 0; i < text.size(); ++i) CHECK(toy.faces.scores[i] == std::stof(text[i]));
    const auto pairs = toy.recorded.at("pairs").get<std::vector<std::vector<int64_t>>>();
    REQUIRE(pairs.size() == toy.pairs.first.size());
    const TemplateLayout layout = toy.layout();
    for (size_t i = 0; i < pairs.size(); ++i)
      CHECK(pairs[i] == std::vector<int64_t>{layout.ids()[toy.pairs.first[i]], layout.ids()[toy.pairs.second[i]], toy.pairs.genuine[i]});
  }

  TEST_CASE("every mode gives the recorded scores and operating points") {
    const Toy toy;
    const json& variants = toy.recorded.at("variants");
    REQUIRE_FALSE(variants.empty());
    for (const auto& [name, expected] : variants.items()) {
      CAPTURE(name);
      check_variant(toy, name, expected);
    }
  }
  }  // namespace
}
