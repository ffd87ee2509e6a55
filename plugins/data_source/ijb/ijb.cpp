#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <xxhash.h>

#include "formats/content_hash.h"
#include "formats/fingerprint.h"
#include "formats/text_file.h"
#include "imaging/align.h"
#include "imaging/damaged.h"
#include "imaging/decode.h"
#include "imaging/ijb_set.h"
#include "lafs/assembly.h"
#include "lafs/content_hashed.h"
#include "lafs/data_root.h"
#include "lafs/data_source.h"
#include "lafs/error.h"
#include "lafs/named.h"
#include "lafs/parallel.h"
#include "lafs/plugin.h"
#include "meta.h"

namespace {

namespace fs = std::filesystem;

/// A folder of IJB-B or IJB-C, or one like it: `loose_crop/` with pictures, `meta/` with the lists of templates and of landmarks. Pictures
/// come in the order of the lists, aligned by their five points; their key is their name in the lists, their quality the detector's score.
/// Identities are templates, in ascending order of their ids. Memory: 100 bytes a picture.
class Ijb final : public lafs::DataSource, public lafs::Named, public lafs::Skipping, public lafs::ContentHashed {
 public:
  struct Options {
    lafs::Path root;
    std::string face_template = "arcface", on_damaged = "error";
    int64_t size = 112;

    void declare(lafs::Params& p) {
      // Where the pictures are changes no number; which ones they are is in the fingerprint.
      p.affects_nothing("root", root, lafs::needed(), "folder IJBB or IJBC, which holds loose_crop/ and meta/");
      p("template", face_template, lafs::one_of({"arcface", "sphereface"}),
        "where the five points come to: arcface in 112 x 112, sphereface in 96 x 112");
      p("size", size, lafs::in(112, 1024), "rows of the aligned picture: a multiple of 112, with arcface also of 128");
      p("on_damaged", on_damaged, lafs::one_of({"error", "skip"}),
        "error: a missing picture fails at opening, a damaged one when it is read; skip: every picture is decoded at opening, and missing "
        "and damaged ones are left out and reported");
    }
  };

  Ijb(const Options& options, lafs::Assembly& assembly) : template_(lafs::imaging::face_template(options.face_template, options.size)) {
    lafs::check_root(options.root);
    root_ = options.root.value;
    style_ = fmt::format("{} {}", options.face_template, options.size);
    meta_ = lafs::ijb::read_meta(root_);
    if (const std::string note = lafs::ijb::score_note(meta_); !note.empty()) assembly.note(note);
    if (!fs::is_directory(folder()))
      throw lafs::Error(fmt::format("\"{}\" is not an IJB folder: it has no folder \"loose_crop\"", root_.string()));
    if (options.on_damaged == "skip") {
      leave_out_damaged();
    } else {
      check_presence();
    }
    index_names();
  }

  /// A folder that is not called IJBB gets the lists of IJB-C.
  static bool write_example(const Options& options, const lafs::DataSource& pictures) {
    lafs::check_root(options.root);
    lafs::imaging::IjbSetOptions set;
    set.probes = 1;
    set.media = 2;
    set.frames = 1;
    lafs::imaging::IjbSet(pictures, options.root.value, set).write();
    return true;
  }

  int64_t size() const override { return static_cast<int64_t>(meta_.names.size()); }
  int64_t identities() const override { return static_cast<int64_t>(meta_.templates.size()); }
  int64_t identity(int64_t index) const override { return meta_.positions[static_cast<size_t>(index)]; }
  std::string key(int64_t index) const override { return meta_.names[static_cast<size_t>(index)]; }
  std::string identity_name(int64_t identity) const override { return fmt::format("{}", meta_.templates[static_cast<size_t>(identity)]); }
  std::optional<int64_t> find(const std::string& key) const override {
    const auto hash = hash_of(key);
    auto at = std::lower_bound(by_name_.begin(), by_name_.end(), std::pair(hash, uint32_t{0}));
    for (; at != by_name_.end() && at->first == hash; ++at)
      if (meta_.names[at->second] == key) return at->second;
    return std::nullopt;
  }

  lafs::Sample get(int64_t index) const override {
    lafs::check_index(index, size());
    try {
      return aligned(index);
    } catch (const lafs::Error& error) {
      throw lafs::Error(fmt::format("picture \"{}\": {}", key(index), error.what())).at(place(index));
    }
  }
  std::vector<std::string> skipped() const override { return skipped_; }

  std::string fingerprint() const override {
    lafs::formats::Fingerprint print;
    describe(print.add("ijb"));
    for (int64_t i = 0; i < size(); ++i) {
      std::error_code absent;
      row(print, i).add(static_cast<int64_t>(fs::file_size(file(i), absent)));
    }
    return print.hex();
  }

  std::string content_fingerprint(const lafs::ContentRequest& request) const override {
    const int64_t count = request.count(size());
    const auto hashes = lafs::formats::hash_files(folder(), count, [&](int64_t n) { return key(request.at(n)); }, request);
    lafs::formats::Fingerprint print;
    describe(print.add("ijb contents").add(count));
    for (int64_t n = 0; n < count; ++n) {
      const lafs::formats::ContentHash& hash = hashes[static_cast<size_t>(n)];
      row(print, request.at(n)).add(static_cast<int64_t>(hash.high)).add(static_cast<int64_t>(hash.low));
    }
    return print.hex();
  }

 private:
  fs::path folder() const { return root_ / "loose_crop"; }
  fs::path file(int64_t index) const { return folder() / meta_.names[static_cast<size_t>(index)]; }
  std::string place(int64_t index) const {
    return fmt::format("{}:{}", meta_.faces_file.string(), meta_.lines[static_cast<size_t>(index)]);
  }
  static uint64_t hash_of(const std::string& name) { return XXH3_64bits(name.data(), name.size()); }

  lafs::Sample aligned(int64_t index) const {
    const lafs::Image picture = lafs::imaging::read_image(file(index));
    const lafs::imaging::FivePoints points = lafs::imaging::five_points(meta_.points[static_cast<size_t>(index)]);
    const lafs::imaging::Affine forward = lafs::imaging::similarity(points, template_.points);
    std::vector<float> landmarks;
    for (const lafs::imaging::Point& point : points) {
      landmarks.push_back(static_cast<float>(forward.x(point.x, point.y)));
      landmarks.push_back(static_cast<float>(forward.y(point.x, point.y)));
    }
    const float score = std::clamp(meta_.scores[static_cast<size_t>(index)], 0.0F, 1.0F);
    return {lafs::imaging::warp(picture, forward, template_.height, template_.width),
            identity(index),
            index,
            key(index),
            std::move(landmarks),
            score};
  }

  void describe(lafs::formats::Fingerprint& print) const {
    print.add(style_).add(size()).add(identities());
    for (const int64_t id : meta_.templates) print.add(id);
  }
  lafs::formats::Fingerprint& row(lafs::formats::Fingerprint& print, int64_t index) const {
    const auto i = static_cast<size_t>(index);
    print.add(meta_.names[i]).add(identity(index));
    return print.add_bytes(meta_.points[i].data(), sizeof meta_.points[i]).add_bytes(&meta_.scores[i], sizeof meta_.scores[i]);
  }

  /// Looks for every listed picture. The folder is listed once: asking for half a million files one by one takes minutes on a file server.
  void check_presence() const {
    std::unordered_set<std::string> there;
    for (const auto& entry : fs::directory_iterator(folder())) there.insert(entry.path().filename().string());
    int64_t missing = 0, first = -1;
    for (int64_t i = 0; i < size(); ++i) {
      const std::string& name = meta_.names[static_cast<size_t>(i)];
      if (there.contains(name) || (name.find('/') != std::string::npos && fs::exists(file(i)))) continue;
      if (missing++ == 0) first = i;
    }
    if (missing > 0)
      throw lafs::Error(
          fmt::format("the picture \"{}\" is not in \"{}\"; of {} listed pictures {} {} missing; on_damaged = \"skip\" leaves "
                      "them out",
                      lafs::formats::shown(key(first)), folder().string(), size(), missing, missing == 1 ? "is" : "are"))
          .at(place(first));
  }

  void leave_out_damaged() {
    const auto damaged = lafs::imaging::find_damaged(size(), lafs::hardware_threads(), [&](int64_t index) { get(index); });
    if (static_cast<int64_t>(damaged.size()) == size())
      throw lafs::Error(
          fmt::format("every picture of \"{}\" is missing or damaged; the first: {}", root_.string(), damaged.begin()->second));
    size_t to = 0;
    for (size_t i = 0; i < meta_.names.size(); ++i) {
      if (const auto found = damaged.find(static_cast<int64_t>(i)); found != damaged.end()) {
        skipped_.push_back(found->second);
        continue;
      }
      std::swap(meta_.names[to], meta_.names[i]);
      meta_.points[to] = meta_.points[i];
      meta_.scores[to] = meta_.scores[i];
      meta_.lines[to] = meta_.lines[i];
      meta_.positions[to++] = meta_.positions[i];
    }
    meta_.names.resize(to);
    meta_.points.resize(to);
    meta_.scores.resize(to);
    meta_.lines.resize(to);
    meta_.positions.resize(to);
  }

  void index_names() {
    by_name_.reserve(meta_.names.size());
    for (size_t i = 0; i < meta_.names.size(); ++i) by_name_.emplace_back(hash_of(meta_.names[i]), static_cast<uint32_t>(i));
    std::sort(by_name_.begin(), by_name_.end());
    for (size_t n = 1; n < by_name_.size(); ++n) {
      const auto before = static_cast<int64_t>(by_name_[n - 1].second), again = static_cast<int64_t>(by_name_[n].second);
      if (by_name_[n - 1].first == by_name_[n].first && key(before) == key(again))
        throw lafs::Error(fmt::format("the picture \"{}\" is listed a second time; the first is line {}", lafs::formats::shown(key(again)),
                                      meta_.lines[static_cast<size_t>(before)]))
            .at(place(again));
    }
  }

  lafs::imaging::FaceTemplate template_;
  fs::path root_;
  std::string style_;  ///< template and size, for fingerprints
  lafs::ijb::Meta meta_;
  std::vector<std::pair<uint64_t, uint32_t>> by_name_;
  std::vector<std::string> skipped_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Ijb>("ijb", "a folder of IJB-B or IJB-C, pictures aligned by five points"); }
