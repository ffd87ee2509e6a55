#include "kernel/evaluate/mislabelled.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace lafs {

namespace {

constexpr int64_t rows_at_once = 256;
constexpr double no_length = 1e-12;

/// Rows [first, past), each of length 1: [n,D]
at::Tensor unit_rows(const FeatureMatrix& rows, int64_t first, int64_t past) {
  const at::Tensor all = at::from_blob(const_cast<float*>(rows.row(first).data()), {past - first, rows.width}, at::kFloat);
  return all / all.norm(2, 1, /*keepdim=*/true).clamp_min(no_length);
}

/// The sum of the rows of each identity.
struct Centres {
  at::Tensor sums;              ///< [C,D]
  std::vector<int64_t> counts;  ///< [C]
};

Centres centres_of(const FeatureMatrix& rows, const at::Tensor& identities, int64_t count) {
  Centres centres{at::zeros({count, rows.width}), std::vector<int64_t>(static_cast<size_t>(count))};
  for (int64_t first = 0; first < rows.rows; first += rows_at_once) {
    const int64_t past = std::min(rows.rows, first + rows_at_once);
    centres.sums.index_add_(0, identities.slice(0, first, past), unit_rows(rows, first, past));
  }
  const auto* labels = identities.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < rows.rows; ++i) ++centres.counts[static_cast<size_t>(labels[i])];
  return centres;
}

}  // namespace

double cosine_of_rows(const FeatureMatrix& rows, int64_t a, int64_t b) {
  const auto of_a = rows.row(a), of_b = rows.row(b);
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < of_a.size(); ++i) {
    ab += static_cast<double>(of_a[i]) * of_b[i];
    aa += static_cast<double>(of_a[i]) * of_a[i];
    bb += static_cast<double>(of_b[i]) * of_b[i];
  }
  return ab / std::max(std::sqrt(aa * bb), no_length);
}

MislabelledFindings find_mislabelled(const FeatureMatrix& rows, const DataSource& source, double margin,
                                     const std::function<bool(int64_t)>& go_on) {
  const at::NoGradGuard no_grad;
  MislabelledFindings found;
  at::Tensor identities = at::empty({rows.rows}, at::kLong);
  auto* labels = identities.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < rows.rows; ++i) labels[i] = source.identity(i);
  const Centres centres = centres_of(rows, identities, source.identities());
  const at::Tensor directions = (centres.sums / centres.sums.norm(2, 1, true).clamp_min(no_length)).t();  // [D,C]
  for (int64_t first = 0; first < rows.rows && go_on(first); first += rows_at_once) {
    const int64_t past = std::min(rows.rows, first + rows_at_once);
    const at::Tensor units = unit_rows(rows, first, past), own = identities.slice(0, first, past);
    const at::Tensor rest = centres.sums.index_select(0, own) - units;  // the own centre without the picture itself
    const at::Tensor to_own = (units * rest).sum(1) / rest.norm(2, 1).clamp_min(no_length);
    at::Tensor cosines = units.mm(directions);  // [n,C]
    cosines.scatter_(1, own.unsqueeze(1), -2);
    const auto [to_other, others] = cosines.max(1);
    const auto *own_at = to_own.const_data_ptr<float>(), *other_at = to_other.const_data_ptr<float>();
    const auto* nearest = others.const_data_ptr<int64_t>();
    for (int64_t i = first; i < past; ++i) {
      const bool alone = centres.counts[static_cast<size_t>(labels[i])] == 1;
      alone ? ++found.alone : ++found.judged;
      const double own_cosine = own_at[i - first], other_cosine = other_at[i - first];
      if (!alone && other_cosine - own_cosine >= margin) found.pictures.push_back({i, nearest[i - first], own_cosine, other_cosine});
    }
  }
  std::stable_sort(found.pictures.begin(), found.pictures.end(),
                   [](const auto& a, const auto& b) { return a.other_cosine - a.own_cosine > b.other_cosine - b.own_cosine; });
  return found;
}

}  // namespace lafs
