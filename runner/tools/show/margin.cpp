#include "runner/tools/show/margin.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "kernel/recipe/reader.h"
#include "lafs/error.h"
#include "lafs/head.h"
#include "lafs/use.h"
#include "runner/tools/show/chart_sheet.h"
#include "runner/tools/show/pictures.h"

namespace lafs {

namespace {

constexpr size_t most_curves = 8;
constexpr int64_t points = 361, identities = 1000;

/// The head of "NAME" or "NAME:key=value,key=value".
std::shared_ptr<Head> head_of(const std::string& text, const Registry& registry) {
  const size_t colon = text.find(':');
  std::string toml = colon == std::string::npos ? "" : text.substr(colon + 1);
  std::replace(toml.begin(), toml.end(), ',', '\n');
  Use<Head> use(text.substr(0, colon));
  read_options(toml, text, use, registry);
  return use.make(identities);
}

Margin& margin_of(Head& head, const std::string& text) {
  auto* margin = dynamic_cast<Margin*>(&head);
  if (!margin) throw Error(fmt::format("head \"{}\" is a loss of its own: it has no logit of the target to draw", text));
  if (dynamic_cast<Unnormalised*>(&head)) {
    throw Error(fmt::format("head \"{}\" does not normalise: its logits are no function of the angle", text));
  }
  return *margin;
}

std::vector<double> degrees() {
  std::vector<double> all;
  for (int64_t i = 0; i < points; ++i) all.push_back(180.0 * static_cast<double>(i) / (points - 1));
  return all;
}

std::vector<double> logits_of(Margin& margin, double norm) {
  const at::NoGradGuard no_grad;
  const at::Tensor cosines = at::linspace(0, std::numbers::pi, points, at::kDouble).cos().to(at::kFloat);
  const at::Tensor norms = at::full({points}, norm), labels = at::zeros({points}, at::kLong);
  const at::Tensor phi = margin.target({cosines, norms, labels}, {}).to(at::kDouble).contiguous();
  return {phi.const_data_ptr<double>(), phi.const_data_ptr<double>() + points};
}

/// phi of every head: one curve, or one for each norm where that matters.
std::vector<Series> curves_of(const ShowMargin& show, const Registry& registry) {
  std::vector<Series> all;
  bool norm_matters = false;
  for (const std::string& text : show.heads) {
    const auto head = head_of(text, registry);
    Margin& margin = margin_of(*head, text);
    const bool each_norm = logits_of(margin, 1) != logits_of(margin, 100);
    norm_matters = norm_matters || each_norm;
    const std::vector<double> norms = show.norms.empty() ? std::vector<double>{20} : show.norms;
    for (size_t n = 0; n < (each_norm ? norms.size() : 1); ++n) {
      all.push_back({each_norm ? fmt::format("{}, norm {}", text, norms[n]) : text, degrees(), logits_of(margin, norms[n])});
    }
  }
  if (!show.norms.empty() && !norm_matters) {
    throw Error(fmt::format("--norm has no effect with {}; leave it out", fmt::join(show.heads, ", ")));
  }
  if (all.size() > most_curves) {
    throw Error(fmt::format("these are {} curves, and at most {} are drawn; name fewer heads or norms", all.size(), most_curves));
  }
  return all;
}

}  // namespace

std::vector<Chart> margin_charts(const ShowMargin& show, const Registry& registry) {
  Chart logits{"Logit of the target / scale", "angle in degrees", "phi", false, curves_of(show, registry)};
  Chart margins{"Below the cosine", "angle in degrees", "cosine - phi", false, logits.series};
  for (Series& series : margins.series)
    for (size_t i = 0; i < series.x.size(); ++i) series.y[i] = std::cos(series.x[i] * std::numbers::pi / 180) - series.y[i];
  return {logits, margins};
}

void show_margin(const ShowMargin& show, const Registry& registry) {
  require_free(show.out, show.force);
  const std::vector<Chart> charts = margin_charts(show, registry);
  make_folder_of(show.out);
  write_sheet(show.out, chart_sheet("Margins", fmt::format("{}", fmt::join(show.heads, ", ")), charts), show.force);
}

}  // namespace lafs
