#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "formats/template_set.h"
#include "lafs/assembly.h"
#include "lafs/error.h"
#include "lafs/evaluator.h"
#include "lafs/parallel.h"
#include "lafs/plugin.h"
#include "lists.h"
#include "metrics/search_report.h"
#include "metrics/template_features.h"
#include "metrics/template_report.h"

namespace {

namespace metrics = lafs::metrics;

/// Probe templates looked for among galleries: IJB's 1:N, evaluation 5.
class Identification1N final : public lafs::Evaluator {
 public:
  struct Options {
    lafs::Use<lafs::DataSource> data;
    lafs::Path pictures, faces, probes;
    std::vector<lafs::Path> galleries;
    std::vector<std::string> modes{"N1D1_sum"}, protocols{"combined", "separate"};
    std::vector<double> fpir{0.01, 0.1};
    std::string precision = "f64", missing = "error";
    int64_t bootstrap = 1000;

    void declare(lafs::Params& p) {
      p("data", data, lafs::needed(), "aligned pictures, whose keys are the names in the lists");
      p("pictures", pictures, lafs::needed(), "list of lines \"picture template media\": IJB's face_tid_mid");
      p("faces", faces, "list of lines \"picture x0 y0 .. x4 y4 score\": IJB's name_5pts_score, of which the detector's score is used");
      p("galleries", galleries, lafs::needed(), "lists of \"template,subject,...\" under a heading: IJB's 1N_gallery_*.csv");
      p("probes", probes, lafs::needed(), "list of the same form: IJB's 1N_probe_mixed.csv");
      p("protocols", protocols, lafs::one_of({"combined", "separate"}),
        "combined: all galleries as one, false alarms counted in pairs; separate: each gallery alone, with the probes it has no mate for");
      p("fpir", fpir, lafs::in(0, 1), "false positive identification rates of the combined protocol");
      p("modes", modes, "what becomes of features, as of template_verification; the first leads");
      p("precision", precision, lafs::one_of({"f64", "f32"}), "f64: pooling in double precision; f32: in single, as published");
      p.affects_unless("error", "missing", missing, lafs::one_of({"error", "skip"}), lafs::formats::about_missing);
      p.affects_unless(1000, "bootstrap", bootstrap, lafs::in(0, 100000), metrics::about_bootstrap);
    }
  };

  Identification1N(const Options& options, lafs::Assembly& assembly)
      : source_(options.data.make(assembly)),
        contract_(assembly.input()),
        modes_(options.modes, !options.faces.empty()),
        set_(lafs::formats::read_template_set(
            options.pictures.value, options.faces.value, *source_,
            options.missing == "skip" ? lafs::formats::MissingPicture::skip : lafs::formats::MissingPicture::error)),
        layout_(set_.templates, set_.media),
        precision_(options.precision == "f64" ? metrics::Precision::f64 : metrics::Precision::f32),
        bootstrap_(options.bootstrap) {
    if (options.galleries.empty()) throw lafs::Error("galleries is empty");
    for (const std::string& name : options.protocols) (name == "combined" ? combined_ : separate_) = true;
    if (!combined_ && !separate_) throw lafs::Error("protocols is empty; there are \"combined\" and \"separate\"");
    if (combined_ && options.fpir.empty()) throw lafs::Error("fpir is empty; the combined protocol needs a rate");
    if (!combined_ && options.fpir != Options().fpir)
      throw lafs::Error("fpir has no effect without the protocol \"combined\"; leave it out");
    if (combined_) rates_ = options.fpir;
    lists_ = lafs::identification_1n::read_lists({options.galleries, options.probes, combined_, separate_, rates_}, set_);
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
    out.warnings.insert(out.warnings.end(), lists_.warnings.begin(), lists_.warnings.end());
    for (const metrics::TemplateMode& mode : modes_.all()) {
      const metrics::Rows unit = metrics::unit_templates(layout_, pictures, mode, precision_, lafs::hardware_threads());
      metrics::Search search = metrics::search_of(layout_.ids(), unit, lists_.probes, lists_.galleries);
      if (!separate_) search.galleries.clear();
      const metrics::SearchResult found = metrics::search(search, rates_, lafs::hardware_threads());
      metrics::add_search(search, found, mode == modes_.all()[0] ? "" : mode.name(), {bootstrap_}, out);
    }
    return out;
  }

 private:
  /// What a paper says of the protocol.
  std::string sentence() const {
    size_t gallery = 0;
    for (const metrics::SubjectList& list : lists_.galleries) gallery += list.templates.size();
    const metrics::TemplateMode& mode = modes_.all()[0];
    return fmt::format(
        "1:N identification of templates: {} probes, {} templates in {} galleries, pooled from {} pictures; features {} ({}), mean over a "
        "medium, sum over media, unit length, pooled in {}; cosine{}{}; pixels scaled as {}",
        metrics::grouped(std::ssize(lists_.probes.templates)), metrics::grouped(static_cast<int64_t>(gallery)), lists_.galleries.size(),
        metrics::grouped(layout_.pictures()), mode.name(), metrics::described(mode),
        precision_ == metrics::Precision::f64 ? "double precision" : "single precision as published",
        combined_ ? "; combined: one gallery of all, the false alarms of a rate are pairs of different people beside the number of probes"
                  : "",
        separate_ ? "; separate: each gallery alone, rates over its probes without a mate, ranks over all probes, rates averaged" : "",
        contract_.preset);
  }

  std::shared_ptr<const lafs::DataSource> source_;
  lafs::InputContract contract_;
  metrics::TemplateModes modes_;
  lafs::formats::TemplateSet set_;
  metrics::TemplateLayout layout_;
  metrics::Precision precision_;
  int64_t bootstrap_;
  bool combined_ = false, separate_ = false;
  std::vector<double> rates_;
  lafs::identification_1n::Lists lists_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Identification1N>("identification_1n", "templates looked for in galleries: IJB's 1:N protocols, closed set and open set");
}
