#include "imaging/ijb_set.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "imaging/encode.h"
#include "imaging/warp.h"
#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs::imaging {

namespace fs = std::filesystem;

namespace {

void write_file(const fs::path& file, std::span<const char> bytes) {
  std::ofstream out(file, std::ios::binary);
  out.write(bytes.data(), std::ssize(bytes));
  if (!out.flush()) throw Error(fmt::format("cannot write \"{}\"", file.string()));
}

}  // namespace

IjbSet::IjbSet(const DataSource& source, fs::path root, const IjbSetOptions& options)
    : source_(source), root_(std::move(root)), set_(root_.filename() == "IJBB" ? "ijbb" : "ijbc"), options_(options) {
  const int64_t pictures = source.size() / source.identities();
  for (int64_t person = 0; person < source.identities(); ++person) {
    int64_t next = 0;
    for (int64_t t = 0; t <= options.probes; ++t) {
      const int64_t id = 3 * (person * (options.probes + 1) + t) + 1 + person % 2;
      templates_.push_back({id, person, t == 0});
      for (int64_t m = 0; m < options.media; ++m)
        for (int64_t f = 0; f < (m % 2 == 1 ? options.frames : 1); ++f)
          rows_.push_back({person * pictures + next++ % pictures, person, id, 100 * id + m});
    }
  }
  const Permutation order(static_cast<int64_t>(rows_.size()), fold(options.seed, 1));
  std::vector<IjbRow> mixed;
  for (size_t i = 0; i < rows_.size(); ++i) mixed.push_back(rows_[static_cast<size_t>(order(static_cast<int64_t>(i)))]);
  rows_ = std::move(mixed);
}

void IjbSet::write_list(const std::string& name, const std::string& text) const { write_file(root_ / "meta" / (set_ + name), text); }

/// A line a picture, as the lists of the real sets have them.
template <typename Wanted>
void IjbSet::write_subjects(const std::string& name, const Wanted& wanted) const {
  std::vector<std::pair<int64_t, size_t>> by_template;
  for (size_t i = 0; i < rows_.size(); ++i) by_template.emplace_back(rows_[i].template_id, i);
  std::sort(by_template.begin(), by_template.end());
  std::string out = "TEMPLATE_ID,SUBJECT_ID,FILENAME\n";
  for (const Template& t : templates_) {
    if (!wanted(t)) continue;
    for (auto at = std::lower_bound(by_template.begin(), by_template.end(), std::pair(t.id, size_t{0}));
         at != by_template.end() && at->first == t.id; ++at)
      out += fmt::format("{},{},{}.jpg\n", t.id, 1000 + t.person, at->second + 1);
  }
  write_list(name, out);
}

/// A picture as a camera may have taken it: larger or smaller, turned and moved. Returns its line in the list of landmarks.
std::string IjbSet::write_picture(int64_t row) const {
  const Sample sample = source_.get(rows_[static_cast<size_t>(row)].picture);
  Rng rng = chance(2, row);
  const auto size = static_cast<double>(options_.size);
  const double angle = rng.uniform(-options_.turn, options_.turn) * M_PI / 180,
               scale = rng.uniform(0.75, 1.0) * size / static_cast<double>(sample.image.width);
  const double a = scale * std::cos(angle), b = scale * std::sin(angle), middle = static_cast<double>(sample.image.width) / 2;
  Affine place{{a, -b, 0, b, a, 0}};
  place.m[2] = size * (0.5 + rng.uniform(-options_.shift, options_.shift)) - place.x(middle, middle);
  place.m[5] = size * (0.5 + rng.uniform(-options_.shift, options_.shift)) - place.y(middle, middle);
  const auto jpeg = encode_jpeg(warp(sample.image, place, options_.size, options_.size), 95);
  const std::string name = fmt::format("{}.jpg", row + 1);
  write_file(root_ / "loose_crop" / name, {reinterpret_cast<const char*>(jpeg.data()), jpeg.size()});
  std::string line = name;
  for (size_t i = 0; i < 5; ++i) {
    const double x = sample.landmarks.at(2 * i), y = sample.landmarks.at(2 * i + 1);
    line += fmt::format(" {:.3f} {:.3f}", place.x(x, y) + rng.normal(0, options_.noise), place.y(x, y) + rng.normal(0, options_.noise));
  }
  return line + fmt::format(" {:.3f}\n", rng.coin(0.02) ? 0.1 : rng.uniform(0.8, 1));
}

void IjbSet::write_pictures() const {
  std::vector<std::string> lines(rows_.size());
  for_blocks(0, std::ssize(rows_), 16, hardware_threads(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) lines[static_cast<size_t>(i)] = write_picture(i);
  });
  std::string faces, pictures;
  for (size_t i = 0; i < rows_.size(); ++i) {
    faces += lines[i];
    pictures += fmt::format("{}.jpg {} {}\n", i + 1, rows_[i].template_id, rows_[i].medium);
  }
  write_list("_name_5pts_score.txt", faces);
  write_list("_face_tid_mid.txt", pictures);
}

void IjbSet::write_pairs() const {
  std::vector<Template> galleries;
  for (const Template& t : templates_)
    if (t.gallery) galleries.push_back(t);
  std::string out;
  for (const Template& probe : templates_) {
    if (probe.gallery) continue;
    out += fmt::format("{} {} 1\n", galleries[static_cast<size_t>(probe.person)].id, probe.id);
    Rng rng = chance(3, probe.id);
    for (int64_t i = 0; i < options_.impostors && galleries.size() > 1; ++i) {
      const auto step = rng.integer(1, std::ssize(galleries));
      out += fmt::format("{} {} 0\n", galleries[static_cast<size_t>((probe.person + step) % std::ssize(galleries))].id, probe.id);
    }
  }
  write_list("_template_pair_label.txt", out);
}

void IjbSet::write() const {
  fs::create_directories(root_ / "loose_crop");
  fs::create_directories(root_ / "meta");
  write_pictures();
  write_pairs();
  write_subjects("_1N_gallery_G1.csv", [](const Template& t) { return t.gallery && t.person % 2 == 0; });
  write_subjects("_1N_gallery_G2.csv", [](const Template& t) { return t.gallery && t.person % 2 == 1; });
  write_subjects("_1N_probe_mixed.csv", [](const Template& t) { return !t.gallery; });
}

}  // namespace lafs::imaging
