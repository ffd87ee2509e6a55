#include "metrics/template_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "metrics/sorted_scores.h"
#include "metrics/template_people.h"
#include "metrics/template_scores.h"

namespace lafs::metrics {
namespace {

struct Reported {
  const TemplateProtocol& protocol;
  const SortedScores& scores;
  const Roc& roc;
  const std::string& variant;
  Metrics& metrics;

  int64_t pairs() const { return roc.genuine + roc.impostors; }
  void add(const std::string& name, double value, int64_t n, Unit unit, bool headline, Better better = Better::unknown) const {
    metrics.values.push_back(
        {.name = name, .variant = variant, .value = value, .n = n, .unit = unit, .better = better, .headline = headline});
  }

  void rate(double far, const Interval& interval) const {
    const RocPoint nearest = roc.points[nearest_point(roc, far)], within = point_within(scores, far);
    add(fmt::format("tar@nearest_far={}", far), share(nearest.tp, roc.genuine), roc.genuine, Unit::share, true, Better::larger);
    add(fmt::format("tar@far={}", far), share(within.tp, roc.genuine), roc.genuine, Unit::share, true, Better::larger);
    metrics.values.back().low = interval.low;
    metrics.values.back().high = interval.high;
    add(fmt::format("actual_far@nearest_far={}", far), share(nearest.fp, roc.impostors), roc.impostors, Unit::share, false);
    add(fmt::format("actual_far@far={}", far), share(within.fp, roc.impostors), roc.impostors, Unit::share, false);
    if (nearest.fp + nearest.tp > 0) add(fmt::format("threshold@nearest_far={}", far), nearest.score, pairs(), Unit::none, false);
    if (within.fp + within.tp > 0) add(fmt::format("threshold@far={}", far), within.score, pairs(), Unit::none, false);
  }

  void note(double far) const {
    const RocPoint nearest = roc.points[nearest_point(roc, far)], within = point_within(scores, far);
    metrics.notes.push_back(fmt::format(
        "{}far {}: nearest, tar {:.2f} % at far {:.3g} ({} false accepts, scores from {:.6f}); not above, tar "
        "{:.2f} % at far {:.3g} ({} false accepts)",
        variant.empty() ? "" : variant + ", ", far, 100 * share(nearest.tp, roc.genuine), share(nearest.fp, roc.impostors),
        grouped(nearest.fp), nearest.score, 100 * share(within.tp, roc.genuine), share(within.fp, roc.impostors), grouped(within.fp)));
  }

  static double share(int64_t part, int64_t all) { return static_cast<double>(part) / static_cast<double>(all); }
};

/// Places of the `most` pairs of a kind that were scored worst, the worst first; of equal ones the first in the list.
std::vector<size_t> worst(const std::vector<double>& scores, const std::vector<uint8_t>& genuine, bool kind, int64_t most) {
  const auto worse = [&](size_t a, size_t b) {
    return scores[a] == scores[b] ? a < b : kind ? scores[a] < scores[b] : scores[a] > scores[b];
  };
  std::vector<size_t> heap;  // its front is the least bad of those kept
  for (size_t i = 0; i < scores.size() && most > 0; ++i) {
    if ((genuine[i] != 0) != kind || (std::ssize(heap) == most && !worse(i, heap.front()))) continue;
    if (std::ssize(heap) == most) {
      std::pop_heap(heap.begin(), heap.end(), worse);
      heap.pop_back();
    }
    heap.push_back(i);
    std::push_heap(heap.begin(), heap.end(), worse);
  }
  std::sort(heap.begin(), heap.end(), worse);
  return heap;
}

RankedList hardest(const TemplateProtocol& protocol, const std::vector<double>& scores, bool kind, const std::string& variant) {
  RankedList list{
      fmt::format("{}{}", variant.empty() ? "" : variant + " ", kind ? "least alike genuine pairs" : "most alike impostor pairs"), {}};
  for (const size_t i : worst(scores, protocol.genuine, kind, protocol.hardest)) {
    const auto& ids = protocol.layout.ids();
    list.items.push_back(
        {fmt::format("pair {}: templates {} and {}, {}", i, ids[protocol.first[i]], ids[protocol.second[i]], kind ? "genuine" : "impostor"),
         scores[i]});
  }
  return list;
}

}  // namespace

std::string grouped(int64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0 && digits[i - 1] != '-') text += ',';
    text += digits[i];
  }
  return text;
}

std::string described(const TemplateMode& mode) {
  const char* const flips[] = {"picture and mirror added", "without the mirrored picture", "picture and mirror side by side"};
  return fmt::format("{}, {}, {}", flips[static_cast<int>(mode.flip)], mode.keeps_norm ? "length kept" : "made unit length",
                     mode.weighs ? "weighted by the detector score" : "not weighted");
}

std::vector<double> template_scores(const TemplateProtocol& protocol, const PictureFeatures& features, const TemplateMode& mode,
                                    int64_t threads) {
  const Rows templates = unit_templates(protocol.layout, features, mode, protocol.precision, threads);
  return row_scores(templates, protocol.first, protocol.second, threads);
}

Curve thinned_curve(const Roc& roc, const std::string& variant) {
  Curve curve{"roc", variant, "far", "tar", {}, {}};
  for (size_t i = 0; i < roc.points.size(); ++i) {
    const double far = roc.far(i), tar = roc.tar(i);
    const bool end = i == 0 || i + 1 == roc.points.size();
    if (!end && far < 1.02 * curve.x.back() + 1e-12 && tar < curve.y.back() + 0.002) continue;
    curve.x.push_back(far);
    curve.y.push_back(tar);
  }
  return curve;
}

void add_template_scores(const TemplateProtocol& protocol, const std::vector<double>& scores, const std::string& variant, int64_t threads,
                         Metrics& metrics) {
  const SortedScores sorted = sorted_scores(scores, protocol.genuine, threads);
  const Roc roc = roc_curve(sorted, protocol.collinear);
  const Reported reported{protocol, sorted, roc, variant, metrics};
  // The rate that papers compare leads.
  std::vector<double> far = protocol.far;
  std::stable_partition(far.begin(), far.end(), [](double rate) { return rate == 1e-4; });
  const auto people = [&] { return people_of_templates(protocol.first, protocol.second, protocol.genuine, protocol.layout.size()); };
  const std::vector<Interval> intervals =
      tar_intervals(scores, protocol.genuine, people, far, variant.empty() ? protocol.resampling : Resampling{0});
  for (size_t f = 0; f < far.size(); ++f) reported.rate(far[f], intervals[f]);
  reported.add("auc", area(roc), reported.pairs(), Unit::none, true, Better::larger);
  reported.add("eer", equal_error_rate(roc), reported.pairs(), Unit::share, true, Better::smaller);
  metrics.curves.push_back(thinned_curve(roc, variant));
  metrics.lists.push_back(hardest(protocol, scores, false, variant));
  metrics.lists.push_back(hardest(protocol, scores, true, variant));
  for (const double rate : protocol.far) reported.note(rate);
  if (!variant.empty()) return;
  for (const double rate : protocol.far)
    if (const double asked = rate * static_cast<double>(roc.impostors); asked < 10)
      metrics.warnings.push_back(fmt::format("far {} asks for {:.3g} of {} impostor pairs, fewer than ten: its tar rests on single pairs",
                                             rate, asked, grouped(roc.impostors)));
}

}  // namespace lafs::metrics
