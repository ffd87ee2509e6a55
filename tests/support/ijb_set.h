#pragma once
/// Sets like IJB-C of any size, as pictures of people who do not exist: loose_crop/ and meta/ with every list of the protocols.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "imaging/encode.h"
#include "imaging/warp.h"
#include "lafs/data_source.h"
#include "lafs/parallel.h"
#include "lafs/rng.h"

namespace lafs::test {

struct IjbSetOptions {
  int64_t probes = 2;              ///< templates of each person beside the one of the gallery
  int64_t media = 3;               ///< of a template; every second one is a video of several frames
  int64_t frames = 3;              ///< of a video
  int64_t impostors = 10;          ///< comparisons of each probe with other people's galleries
  int64_t size = 150;              ///< rows and columns of a loose crop
  double turn = 15, shift = 0.06;  ///< how far faces are turned, in degrees, and moved, in sides of the picture
  double noise = 0.5;              ///< deviation of the landmarks, pixels
  uint64_t seed = 1;
};

/// One row of the lists.
struct IjbRow {
  int64_t picture;  ///< index in the source
  int64_t person, template_id, medium;
};

/// Writes a set out of a source with landmarks (`synthetic_faces`), whose pictures of a person follow each other, to `root`, which should
/// be called IJBC. Templates have ids with gaps and rows that are not together, as in the real sets.
class IjbSet {
 public:
  IjbSet(const DataSource& source, std::filesystem::path root, const IjbSetOptions& options)
      : source_(source), root_(std::move(root)), options_(options) {
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

  const std::vector<IjbRow>& rows() const { return rows_; }

  void write() const {
    std::filesystem::create_directories(root_ / "loose_crop");
    std::filesystem::create_directories(root_ / "meta");
    write_pictures();
    write_pairs();
    write_subjects("ijbc_1N_gallery_G1.csv", [](const Template& t) { return t.gallery && t.person % 2 == 0; });
    write_subjects("ijbc_1N_gallery_G2.csv", [](const Template& t) { return t.gallery && t.person % 2 == 1; });
    write_subjects("ijbc_1N_probe_mixed.csv", [](const Template& t) { return !t.gallery; });
  }

 private:
  struct Template {
    int64_t id, person;
    bool gallery;
  };

  std::ofstream list(const std::string& name) const { return std::ofstream(root_ / "meta" / name, std::ios::binary); }
  Rng chance(uint64_t what, int64_t of) const { return Rng(fold(fold(options_.seed, what), static_cast<uint64_t>(of))); }

  /// A picture as a camera may have taken it: larger or smaller, turned and moved. Returns its line in the list of landmarks.
  std::string write_picture(int64_t row) const {
    const Sample sample = source_.get(rows_[static_cast<size_t>(row)].picture);
    Rng rng = chance(2, row);
    const auto size = static_cast<double>(options_.size);
    const double angle = rng.uniform(-options_.turn, options_.turn) * M_PI / 180,
                 scale = rng.uniform(0.75, 1.0) * size / static_cast<double>(sample.image.width);
    const double a = scale * std::cos(angle), b = scale * std::sin(angle), middle = static_cast<double>(sample.image.width) / 2;
    imaging::Affine place{{a, -b, 0, b, a, 0}};
    place.m[2] = size * (0.5 + rng.uniform(-options_.shift, options_.shift)) - place.x(middle, middle);
    place.m[5] = size * (0.5 + rng.uniform(-options_.shift, options_.shift)) - place.y(middle, middle);
    const auto jpeg = imaging::encode_jpeg(imaging::warp(sample.image, place, options_.size, options_.size), 95);
    const std::string name = fmt::format("{}.jpg", row + 1);
    std::ofstream(root_ / "loose_crop" / name, std::ios::binary).write(reinterpret_cast<const char*>(jpeg.data()), std::ssize(jpeg));
    std::string line = name;
    for (size_t i = 0; i < 5; ++i) {
      const double x = sample.landmarks.at(2 * i), y = sample.landmarks.at(2 * i + 1);
      line += fmt::format(" {:.3f} {:.3f}", place.x(x, y) + rng.normal(0, options_.noise), place.y(x, y) + rng.normal(0, options_.noise));
    }
    return line + fmt::format(" {:.3f}\n", rng.coin(0.02) ? 0.1 : rng.uniform(0.8, 1));
  }

  void write_pictures() const {
    std::vector<std::string> lines(rows_.size());
    for_blocks(0, std::ssize(rows_), 16, hardware_threads(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) lines[static_cast<size_t>(i)] = write_picture(i);
    });
    std::ofstream faces = list("ijbc_name_5pts_score.txt"), pictures = list("ijbc_face_tid_mid.txt");
    for (size_t i = 0; i < rows_.size(); ++i) {
      faces << lines[i];
      pictures << fmt::format("{}.jpg {} {}\n", i + 1, rows_[i].template_id, rows_[i].medium);
    }
  }

  void write_pairs() const {
    std::vector<Template> galleries;
    for (const Template& t : templates_)
      if (t.gallery) galleries.push_back(t);
    std::ofstream out = list("ijbc_template_pair_label.txt");
    for (const Template& probe : templates_) {
      if (probe.gallery) continue;
      out << fmt::format("{} {} 1\n", galleries[static_cast<size_t>(probe.person)].id, probe.id);
      Rng rng = chance(3, probe.id);
      for (int64_t i = 0; i < options_.impostors && galleries.size() > 1; ++i) {
        const auto step = rng.integer(1, std::ssize(galleries));
        out << fmt::format("{} {} 0\n", galleries[static_cast<size_t>((probe.person + step) % std::ssize(galleries))].id, probe.id);
      }
    }
  }

  /// A line a picture, as the lists of the real sets have them.
  template <typename Wanted>
  void write_subjects(const std::string& name, const Wanted& wanted) const {
    std::vector<std::pair<int64_t, size_t>> by_template;
    for (size_t i = 0; i < rows_.size(); ++i) by_template.emplace_back(rows_[i].template_id, i);
    std::sort(by_template.begin(), by_template.end());
    std::ofstream out = list(name);
    out << "TEMPLATE_ID,SUBJECT_ID,FILENAME\n";
    for (const Template& t : templates_) {
      if (!wanted(t)) continue;
      for (auto at = std::lower_bound(by_template.begin(), by_template.end(), std::pair(t.id, size_t{0}));
           at != by_template.end() && at->first == t.id; ++at)
        out << fmt::format("{},{},{}.jpg\n", t.id, 1000 + t.person, at->second + 1);
    }
  }

  const DataSource& source_;
  std::filesystem::path root_;
  IjbSetOptions options_;
  std::vector<Template> templates_;
  std::vector<IjbRow> rows_;
};

}  // namespace lafs::test
