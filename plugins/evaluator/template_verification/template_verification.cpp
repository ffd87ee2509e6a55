#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "formats/template_set.h"
#include "lafs/assembly.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/parallel.h"
#include "lafs/plugin.h"
#include "metrics/template_features.h"
#include "metrics/template_report.h"

namespace {

namespace metrics = lafs::metrics;

/// One template against another: IJB-B (Whitelam et al. 2017) and IJB-C (Maze et al. 2018), evaluation 3 and 4.
class TemplateVerification final : public lafs::Evaluator {
 public:
  struct Options {
    lafs::Use<lafs::DataSource> data;
    lafs::Path pictures, faces, pairs;
    std::vector<std::string> modes{"N1D1_sum"};
    std::vector<double> far{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1};
    std::string collinear = "drop", precision = "f64", missing = "error";
    int64_t hardest = 10, bootstrap = 1000;

    void declare(lafs::Params& p) {
      p("data", data, lafs::needed(), "aligned pictures, whose keys are the names in the lists");
      p("pictures", pictures, lafs::needed(), "list of lines \"picture template media\": IJB's face_tid_mid");
      p("faces", faces, "list of lines \"picture x0 y0 .. x4 y4 score\": IJB's name_5pts_score, of which the detector's score is used");
      p("pairs", pairs, lafs::needed(), "list of lines \"template template 0|1\": IJB's template_pair_label");
      p("modes", modes,
        "what becomes of features; the first leads, all are from the same features: N1 keeps their length, N0 makes it one; D1 multiplies "
        "by the detector's score; sum, none or concat of picture and mirror");
      p("far", far, lafs::in(0, 1), "false accept rates at which the true accept rate is reported");
      p("collinear", collinear, lafs::one_of({"drop", "keep"}),
        "drop: inner points of a straight run of the curve are not operating points, as published; keep: they are");
      p("precision", precision, lafs::one_of({"f64", "f32"}), "f64: pooling in double precision; f32: in single, as published");
      p.affects_unless("error", "missing", missing, lafs::one_of({"error", "skip"}), lafs::formats::about_missing);
      p.affects_unless(1000, "bootstrap", bootstrap, lafs::in(0, 100000), metrics::about_bootstrap);
      p.affects_nothing("hardest", hardest, lafs::at_least(0), "pairs that are listed, of each kind");
    }
  };

  TemplateVerification(const Options& options, lafs::Assembly& assembly)
      : source_(options.data.make(assembly)),
        contract_(assembly.input()),
        modes_(options.modes, !options.faces.empty()),
        set_(lafs::formats::read_template_set(
            options.pictures.value, options.faces.value, *source_,
            options.missing == "skip" ? lafs::formats::MissingPicture::skip : lafs::formats::MissingPicture::error)),
        protocol_{.layout = metrics::TemplateLayout(set_.templates, set_.media),
                  .far = options.far,
                  .collinear = options.collinear == "drop" ? metrics::Collinear::drop : metrics::Collinear::keep,
                  .precision = options.precision == "f64" ? metrics::Precision::f64 : metrics::Precision::f32,
                  .hardest = options.hardest,
                  .resampling = {options.bootstrap}} {
    lafs::formats::TemplatePairs pairs = lafs::formats::read_pairs_of(set_, options.pairs.value, options.pictures.value);
    protocol_.first = std::move(pairs.first);
    protocol_.second = std::move(pairs.second);
    protocol_.genuine = std::move(pairs.genuine);
    const auto genuine = std::count(protocol_.genuine.begin(), protocol_.genuine.end(), 1);
    for (const auto& [count, what] : {std::pair(genuine, "genuine"), std::pair(std::ssize(protocol_.genuine) - genuine, "impostor")})
      if (count == 0) throw lafs::Error(fmt::format("the list has no {} pair", what)).at(options.pairs.value);
  }

  std::vector<lafs::FeatureRequest> requests() const override {
    return {{.name = "pictures", .source = source_, .indices = set_.indices, .flip = modes_.mirrored() ? "both" : "none"}};
  }

  lafs::Metrics score(const lafs::Features& features) const override {
    const metrics::PictureFeatures pictures =
        modes_.features(features.of("pictures"), set_.scores, std::ssize(set_.indices),
                        [&](int64_t row) { return source_->key(set_.indices[static_cast<size_t>(row)]); });
    lafs::Metrics out;
    out.notes.push_back(sentence());
    out.notes.insert(out.notes.end(), set_.notes.begin(), set_.notes.end());
    out.warnings = set_.warnings;
    for (const metrics::TemplateMode& mode : modes_.all()) {
      const std::string variant = mode == modes_.all()[0] ? "" : mode.name();
      const std::vector<double> scores = metrics::template_scores(protocol_, pictures, mode, lafs::hardware_threads());
      metrics::add_template_scores(protocol_, scores, variant, lafs::hardware_threads(), out);
    }
    return out;
  }

 private:
  /// What a paper says of the protocol.
  std::string sentence() const {
    const auto genuine = std::count(protocol_.genuine.begin(), protocol_.genuine.end(), 1);
    const metrics::TemplateMode& mode = modes_.all()[0];
    return fmt::format(
        "1:1 verification of templates: {} pairs ({} genuine) of {} templates, pooled from {} pictures in {} media; features {} ({}), mean "
        "over a medium, sum over media, unit length, pooled in {}; cosine; TAR at the point of the curve nearest in FAR, {}; pixels scaled "
        "as {}",
        metrics::grouped(std::ssize(protocol_.genuine)), metrics::grouped(genuine), metrics::grouped(protocol_.layout.size()),
        metrics::grouped(protocol_.layout.pictures()), metrics::grouped(protocol_.layout.media()), mode.name(), metrics::described(mode),
        protocol_.precision == metrics::Precision::f64 ? "double precision" : "single precision as published",
        protocol_.collinear == metrics::Collinear::drop ? "collinear points dropped" : "all points kept", contract_.preset);
  }

  std::shared_ptr<const lafs::DataSource> source_;
  lafs::InputContract contract_;
  metrics::TemplateModes modes_;
  lafs::formats::TemplateSet set_;
  metrics::TemplateProtocol protocol_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<TemplateVerification>("template_verification", "templates of many pictures, same person or not: IJB's 1:1 protocol");
}
