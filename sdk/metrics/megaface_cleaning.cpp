#include "metrics/megaface_cleaning.h"

#include <fmt/format.h>

#include <map>

#include "lafs/error.h"
#include "lafs/rng.h"

namespace lafs::metrics {
namespace {

constexpr double distance_of_noise = 100, added_noise = 0.001;

void check_one_a_row(size_t given, const Rows& rows, std::string_view of) {
  if (static_cast<int64_t>(given) != rows.rows) throw Error(fmt::format("{} {} are given for {} rows", given, of, rows.rows));
}

}  // namespace

Rows cleaned_probes(const Rows& unit, const MegafaceNoise& noise) {
  check_one_a_row(noise.probe.size(), unit, "marks of noise");
  check_one_a_row(noise.person.size(), unit, "people");
  const auto width = static_cast<size_t>(unit.width);
  std::map<std::string, std::vector<double>> sums;
  for (int64_t r = 0; r < unit.rows; ++r) {
    std::vector<double>& sum = sums[noise.person[static_cast<size_t>(r)]];
    sum.resize(width);
    for (size_t k = 0; !noise.probe[static_cast<size_t>(r)] && k < width; ++k) sum[k] += unit.row(r)[k];
  }
  Rows out{{}, unit.rows, unit.width + 1};
  for (int64_t r = 0; r < unit.rows; ++r) {
    Rows row{{unit.row(r).begin(), unit.row(r).end()}, 1, unit.width};
    if (noise.probe[static_cast<size_t>(r)]) {
      const std::string& person = noise.person[static_cast<size_t>(r)];
      Rng rng(fold(fold(key_of(person), static_cast<uint64_t>(r)), noise.seed));
      row.values = sums.at(person);
      for (double& value : row.values) value += rng.uniform(-added_noise, added_noise);
      normalise_rows(row);
    }
    out.values.insert(out.values.end(), row.values.begin(), row.values.end());
    out.values.push_back(0);
  }
  return out;
}

Rows cleaned_distractors(const Rows& unit, const MegafaceNoise& noise) {
  check_one_a_row(noise.distractor.size(), unit, "marks of noise");
  Rows out{{}, unit.rows, unit.width + 1};
  for (int64_t r = 0; r < unit.rows; ++r) {
    out.values.insert(out.values.end(), unit.row(r).begin(), unit.row(r).end());
    out.values.push_back(noise.distractor[static_cast<size_t>(r)] ? distance_of_noise : 0);
  }
  return out;
}

}  // namespace lafs::metrics
