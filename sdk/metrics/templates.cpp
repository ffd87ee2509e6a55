#include "metrics/templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "lafs/error.h"
#include "lafs/parallel.h"
#include "metrics/template_simd.h"

namespace lafs::metrics {
namespace {

using Flip = TemplateMode::Flip;

constexpr int64_t templates_a_block = 64;
constexpr int64_t bytes_a_release = int64_t{1} << 28;
const char* const flip_names[] = {"sum", "none", "concat"};

/// Reads the pictures of one template after another.
class Pool {
 public:
  Pool(const TemplateLayout& layout, const PictureFeatures& features, const TemplateMode& mode)
      : layout_(layout), features_(features), mode_(mode), single_(features.mirrored ? features.width / 2 : features.width) {
    check();
  }

  int64_t columns() const { return mode_.flip == Flip::concat ? 2 * single_ : single_; }

  void add_f64(int64_t t, double* sum) const {
    std::vector<double> mean;
    for (int64_t m = layout_.media_begin(t); m < layout_.media_begin(t + 1); ++m) {
      const auto pictures = layout_.pictures_of(m);
      if (pictures.size() == 1) {
        add_picture(pictures[0], sum);
        continue;
      }
      mean.assign(static_cast<size_t>(columns()), 0);
      for (const int64_t picture : pictures) add_picture(picture, mean.data());
      add_divided(sum, mean.data(), static_cast<double>(pictures.size()), columns());
    }
  }

  /// The published order of roundings: feature, sum over a medium, its mean, sum over media.
  void add_f32(int64_t t, double* sum) const {
    const auto n = static_cast<size_t>(columns());
    std::vector<float> feature(n), mean(n), total(n);
    for (int64_t m = layout_.media_begin(t); m < layout_.media_begin(t + 1); ++m) {
      const auto pictures = layout_.pictures_of(m);
      for (size_t i = 0; i < pictures.size(); ++i) {
        picture_f32(pictures[i], feature);
        for (size_t k = 0; k < n; ++k) mean[k] = i == 0 ? feature[k] : mean[k] + feature[k];
      }
      if (pictures.size() > 1)
        for (size_t k = 0; k < n; ++k) mean[k] /= static_cast<float>(pictures.size());
      for (size_t k = 0; k < n; ++k) total[k] = m == layout_.media_begin(t) ? mean[k] : total[k] + mean[k];
    }
    std::copy(total.begin(), total.end(), sum);
  }

  int64_t bytes_of(int64_t t) const {
    int64_t pictures = 0;
    for (int64_t m = layout_.media_begin(t); m < layout_.media_begin(t + 1); ++m) pictures += std::ssize(layout_.pictures_of(m));
    return pictures * features_.width * static_cast<int64_t>(sizeof(float));
  }

 private:
  void check() const {
    if (features_.width <= 0 || std::ssize(features_.values) != layout_.pictures() * features_.width)
      throw Error(
          fmt::format("{} numbers do not fill rows of {} for {} pictures", features_.values.size(), features_.width, layout_.pictures()));
    if (features_.mirrored && features_.width % 2 != 0)
      throw Error(fmt::format("rows of {} numbers are not picture and mirror", features_.width));
    if (!features_.mirrored && mode_.flip != Flip::none)
      throw Error(fmt::format("mode {} needs features of the mirrored pictures", mode_.name()));
    if (mode_.weighs && std::ssize(features_.detector_scores) != layout_.pictures())
      throw Error(fmt::format("{} pictures have {} detector scores", layout_.pictures(), features_.detector_scores.size()));
  }

  const float* row(int64_t picture) const { return features_.values.data() + picture * features_.width; }
  float detector(int64_t picture) const { return mode_.weighs ? features_.detector_scores[static_cast<size_t>(picture)] : 1; }

  void add_picture(int64_t picture, double* sum) const {
    const float* const a = row(picture);
    const float* const b = mode_.flip == Flip::sum ? a + single_ : nullptr;
    double scale = detector(picture);
    if (!mode_.keeps_norm) {
      const double norm = std::sqrt(squared_norm(a, b, columns()));
      if (norm > 0) scale /= norm;
    }
    add_scaled_row(sum, a, b, scale, columns());
  }

  void picture_f32(int64_t picture, std::vector<float>& out) const {
    const float* const a = row(picture);
    std::copy_n(a, out.size(), out.begin());
    if (mode_.flip == Flip::sum)
      for (size_t k = 0; k < out.size(); ++k) out[k] += a[single_ + static_cast<int64_t>(k)];
    if (!mode_.keeps_norm) {
      float squares = 0;
      for (const float v : out) squares += v * v;
      const float norm = std::sqrt(squares);
      for (float& v : out) v = norm > 0 ? v / norm : v;
    }
    if (!mode_.weighs) return;
    for (float& v : out) v *= detector(picture);
  }

  const TemplateLayout& layout_;
  const PictureFeatures& features_;
  TemplateMode mode_;
  int64_t single_;
};

[[noreturn]] void refuse_not_finite(const PictureFeatures& features) {
  const auto row = first_row_not_finite(features.values, features.width);
  if (!row) throw Error("sums of features in single precision are not finite, though every feature is; take precision f64");
  throw Error(fmt::format("row {} of the features{} is not finite", *row,
                          features.name_of ? fmt::format(", picture \"{}\",", features.name_of(*row)) : ""));
}

}  // namespace

std::string TemplateMode::name() const {
  return fmt::format("N{}D{}_{}", keeps_norm ? 1 : 0, weighs ? 1 : 0, flip_names[static_cast<int>(flip)]);
}

TemplateMode template_mode(const std::string& name) {
  for (const bool keeps_norm : {false, true})
    for (const bool weighs : {false, true})
      for (const Flip flip : {Flip::sum, Flip::none, Flip::concat})
        if (const TemplateMode mode{keeps_norm, weighs, flip}; mode.name() == name) return mode;
  throw Error(fmt::format("mode \"{}\" is not one of N0 or N1, then D0 or D1, then _sum, _none or _concat, as in \"N1D1_sum\"", name));
}

TemplateLayout::TemplateLayout(std::span<const int64_t> templates, std::span<const int64_t> media) : order_(templates.size()) {
  if (templates.size() != media.size()) throw Error(fmt::format("{} pictures have {} media", templates.size(), media.size()));
  std::iota(order_.begin(), order_.end(), int64_t{0});
  const auto key = [&](int64_t i) { return std::pair(templates[static_cast<size_t>(i)], media[static_cast<size_t>(i)]); };
  std::stable_sort(order_.begin(), order_.end(), [&](int64_t a, int64_t b) { return key(a) < key(b); });
  for (size_t at = 0; at < order_.size(); ++at) {
    const auto [id, medium] = key(order_[at]);
    const bool starts = at == 0 || key(order_[at - 1]).first != id;
    if (starts) {
      ids_.push_back(id);
      templates_.push_back(static_cast<int64_t>(media_.size()));
    }
    if (starts || key(order_[at - 1]).second != medium) media_.push_back(static_cast<int64_t>(at));
  }
  templates_.push_back(static_cast<int64_t>(media_.size()));
  media_.push_back(static_cast<int64_t>(order_.size()));
}

Rows pool_templates(const TemplateLayout& layout, const PictureFeatures& features, const TemplateMode& mode, Precision precision,
                    int64_t threads) {
  const Pool pool(layout, features, mode);
  Rows out{{}, layout.size(), pool.columns()};
  out.values.resize(static_cast<size_t>(out.rows * out.width));
  std::atomic<int64_t> read{0};
  for_blocks(0, layout.size(), templates_a_block, threads, [&](int64_t first, int64_t past) {
    int64_t bytes = 0;
    for (int64_t t = first; t < past; ++t) {
      double* const sum = out.values.data() + t * out.width;
      precision == Precision::f64 ? pool.add_f64(t, sum) : pool.add_f32(t, sum);
      bytes += pool.bytes_of(t);
    }
    const int64_t before = read.fetch_add(bytes);
    if (features.release && (before + bytes) / bytes_a_release != before / bytes_a_release) features.release();
  });
  return out;
}

Rows unit_templates(const TemplateLayout& layout, const PictureFeatures& features, const TemplateMode& mode, Precision precision,
                    int64_t threads) {
  Rows templates = pool_templates(layout, features, mode, precision, threads);
  // A sum with a NaN or an infinity in it is not finite, and f64 holds every sum of finite f32: the features need no look of their own.
  if (!std::all_of(templates.values.begin(), templates.values.end(), [](double v) { return std::isfinite(v); }))
    refuse_not_finite(features);
  normalise_rows(templates);
  return templates;
}

}  // namespace lafs::metrics
