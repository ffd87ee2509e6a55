/// The protocols of IJB on a folder that peer/make_ijb.py wrote: time of each part, memory, and every count, as JSON. ijb.py puts them
/// beside a peer's.
///
///     lafs_ijb_bench FOLDER verification|identification|bootstrap
#include <sys/mman.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "formats/mapped_file.h"
#include "formats/template_lists.h"
#include "lafs/error.h"
#include "lafs/parallel.h"
#include "metrics/bootstrap.h"
#include "metrics/identification.h"
#include "metrics/template_people.h"
#include "metrics/template_report.h"
#include "metrics/template_scores.h"

namespace {

using nlohmann::json;
using namespace lafs;

double processor_seconds() {
  struct rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/// Seconds since the last call by name, of the clock and of the processor: only the second holds on a machine that others use.
class Clock {
 public:
  void lap(const char* name) {
    const auto now = std::chrono::steady_clock::now();
    const double processor = processor_seconds();
    seconds_[name] = {std::chrono::duration<double>(now - last_).count(), processor - processor_};
    last_ = now;
    processor_ = processor;
  }
  json seconds() const { return seconds_; }

 private:
  json seconds_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  double processor_ = 0;
};

/// Rows of a `.npy` file of version 1, as NumPy writes f32.
class MappedRows {
 public:
  MappedRows(const std::filesystem::path& file, int64_t rows) : file_(file) {
    const auto bytes = file_.bytes();
    const std::string_view head(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 128));
    const size_t start = 10 + static_cast<uint8_t>(head[8]) + 256u * static_cast<uint8_t>(head[9]);
    if (head.find("'<f4'") == std::string_view::npos || head.find("'fortran_order': False") == std::string_view::npos)
      throw Error("features.npy does not hold rows of f32");
    values_ = {reinterpret_cast<const float*>(bytes.data() + start), (bytes.size() - start) / sizeof(float)};
    features_ = {values_, static_cast<int64_t>(values_.size()) / rows, true, {}, [bytes] {
                   ::madvise(const_cast<std::byte*>(bytes.data()), bytes.size(), MADV_DONTNEED);
                 }};
  }
  metrics::PictureFeatures features(const std::vector<float>& scores) const {
    metrics::PictureFeatures out = features_;
    out.detector_scores = scores;
    return out;
  }

 private:
  formats::MappedFile file_;
  std::span<const float> values_;
  metrics::PictureFeatures features_;
};

struct Lists {
  std::filesystem::path meta;
  formats::TemplatePictures pictures;
  formats::DetectedFaces faces;

  explicit Lists(const std::filesystem::path& folder)
      : meta(folder / "meta"),
        pictures(formats::read_template_pictures(meta / "ijbc_face_tid_mid.txt")),
        faces(formats::read_detected_faces(meta / "ijbc_name_5pts_score.txt")) {
    formats::check_same_pictures(pictures, faces, meta / "ijbc_face_tid_mid.txt", meta / "ijbc_name_5pts_score.txt");
  }
};

/// Pairs of templates and their scores, from lists and features on disk.
struct ScoredPairs {
  formats::TemplatePairs pairs;
  std::vector<double> scores;
  int64_t templates = 0;

  ScoredPairs(const std::filesystem::path& folder, Clock& clock) {
    const int64_t threads = hardware_threads();
    const Lists lists(folder);
    clock.lap("lists");
    const formats::IdIndex index(lists.pictures.templates);
    pairs = formats::read_template_pairs(lists.meta / "ijbc_template_pair_label.txt", index, "face_tid_mid");
    clock.lap("pairs");
    const metrics::TemplateLayout layout(lists.pictures.templates, lists.pictures.media);
    templates = layout.size();
    const MappedRows rows(folder / "features.npy", layout.pictures());
    const metrics::Rows pooled = metrics::unit_templates(layout, rows.features(lists.faces.scores), {}, metrics::Precision::f64, threads);
    clock.lap("pool");
    scores = metrics::row_scores(pooled, pairs.first, pairs.second, threads);
    clock.lap("scores");
  }
};

/// Intervals of the true accept rates by 1,000 samples of the people.
json bootstrap(const std::filesystem::path& folder, Clock& clock) {
  const ScoredPairs scored(folder, clock);
  const auto& [pairs, scores, templates] = scored;
  const metrics::People people = metrics::people_of_templates(pairs.first, pairs.second, pairs.genuine, templates);
  clock.lap("people");
  const std::vector<double> far{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1};
  const auto samples = metrics::resampled_rates(scores, pairs.genuine, people, far, {1000});
  clock.lap("samples");
  json out{{"people", people.count}};
  for (const metrics::RateSamples& rate : samples) {
    const metrics::Interval interval = metrics::interval_of(rate.tar);
    out["tar"].push_back({interval.low, interval.high});
  }
  return out;
}

json verification(const std::filesystem::path& folder, Clock& clock) {
  const int64_t threads = hardware_threads();
  const ScoredPairs scored(folder, clock);
  const auto& [pairs, scores, templates] = scored;
  const metrics::SortedScores sorted = metrics::sorted_scores(scores, pairs.genuine, threads);
  clock.lap("sort");
  const metrics::Roc roc = metrics::roc_curve(sorted, metrics::Collinear::drop);
  json points = json::array();
  for (const double far : {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1}) {
    const metrics::RocPoint nearest = roc.points[metrics::nearest_point(roc, far)], within = metrics::point_within(sorted, far);
    points.push_back({far, nearest.fp, nearest.tp, within.fp, within.tp});
  }
  json out{{"genuine", roc.genuine},
           {"impostors", roc.impostors},
           {"kept", roc.points.size()},
           {"points", points},
           {"area", metrics::area(roc)}};
  clock.lap("curve");
  return out;
}

json identification(const std::filesystem::path& folder, Clock& clock) {
  const int64_t threads = hardware_threads();
  const Lists lists(folder);
  std::vector<formats::TemplateSubjects> galleries;
  for (const char* name : {"ijbc_1N_gallery_G1.csv", "ijbc_1N_gallery_G2.csv"})
    galleries.push_back(formats::read_template_subjects(lists.meta / name));
  const formats::TemplateSubjects probes = formats::read_template_subjects(lists.meta / "ijbc_1N_probe_mixed.csv");
  clock.lap("lists");
  const metrics::TemplateLayout layout(lists.pictures.templates, lists.pictures.media);
  const MappedRows rows(folder / "features.npy", layout.pictures());
  const metrics::Rows templates = metrics::unit_templates(layout, rows.features(lists.faces.scores), {}, metrics::Precision::f64, threads);
  clock.lap("pool");
  const metrics::Search search =
      metrics::search_of(layout.ids(), templates, {probes.templates, probes.subjects},
                         {{galleries[0].templates, galleries[0].subjects}, {galleries[1].templates, galleries[1].subjects}});
  const std::vector<double> rates{0.01, 0.1};
  const metrics::SearchResult found = metrics::search(search, rates, threads);
  clock.lap("search");
  json out;
  for (const int64_t k : {1, 5, 10}) out["top"].push_back(found.combined->top(k));
  for (const metrics::SearchRate& rate : found.combined->rates) out["combined"].push_back({rate.k, rate.threshold, rate.tpir});
  for (const metrics::SeparateSearch& one : found.separate) {
    json gallery{{"mated", one.mated.size()}, {"non_mated", one.non_mated}};
    for (const int64_t k : {1, 5, 10}) gallery["top"].push_back(one.count_top(k));
    for (const size_t i : metrics::shown_rates()) gallery["rates"].push_back({one.rates[i].threshold, one.rates[i].tpir});
    out["separate"].push_back(gallery);
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: lafs_ijb_bench FOLDER verification|identification|bootstrap\n";
    return 2;
  }
  try {
    Clock clock;
    const auto begin = std::chrono::steady_clock::now();
    const std::string_view protocol = argv[2];
    const auto run = protocol == "verification" ? verification : protocol == "bootstrap" ? bootstrap : identification;
    json out{{"results", run(argv[1], clock)}};
    out["seconds"] = clock.seconds();
    out["total"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    struct rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    out["memory_mb"] = static_cast<double>(usage.ru_maxrss) / 1024;
    out["processor"] = processor_seconds();
    std::cout << out.dump() << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
