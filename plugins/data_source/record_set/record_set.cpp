#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "example.h"
#include "formats/fingerprint.h"
#include "imaging/damaged.h"
#include "imaging/decode.h"
#include "lafs/assembly.h"
#include "lafs/content_hashed.h"
#include "lafs/data_root.h"
#include "lafs/encoded_of.h"
#include "lafs/error.h"
#include "lafs/plugin.h"
#include "people.h"
#include "shards.h"

namespace {

/// Face record sets of MXNet and InsightFace: "train.rec" with "train.idx" and "property". Labels are the sets' own numbers.
/// Memory: 12 bytes a picture, 5 more where keys do not ascend and the file is larger than 16 GiB, 4 more where only part is taken.
class RecordSet final : public lafs::DataSource, public lafs::MaybeEncoded, public lafs::Skipping, public lafs::ContentHashed {
 public:
  struct Options {
    std::vector<lafs::Path> files;
    bool swap_rb = false;
    int64_t first = 0, count = 0, threads = 4;
    double fraction = 1;
    std::string labels = "ranges", on_damaged = "error";
    bool renumber = false;

    void declare(lafs::Params& p) {
      p.affects_nothing("files", files,
                        "record files, or folders that hold train.rec or else shards; several are read one after the other");
      p("swap_rb", swap_rb,
        "exchange red and blue, for files written by img2rec.py, which hold BGR; published pre-training leaves them as they are (P15)");
      p("first", first, lafs::at_least(0), "first identity taken; it gets number 0");
      p("count", count, lafs::at_least(0), "identities taken; 0: to the end");
      p("fraction", fraction, lafs::in(0, 1), "share of their pictures taken, the first of the list");
      p("labels", labels, lafs::one_of({"ranges", "records"}),
        "for sets with ranges: ranges takes labels from them and checks each picture against them; records reads each picture's label at "
        "opening");
      p.affects_unless(false, "renumber", renumber, {},
                       "number the identities that have pictures from 0 without gaps, in the order of their labels");
      p("on_damaged", on_damaged, lafs::one_of({"error", "skip"}),
        "error: reading a damaged picture fails; skip: every picture is decoded at opening, and damaged ones are left out and reported");
      p.affects_nothing("threads", threads, lafs::in(1, 256), "threads that read labels at opening");
    }
  };

  RecordSet(const Options& options, lafs::Assembly& assembly)
      : options_(options), shards_(paths(options), {options.labels == "records", options.threads}) {
    for (const auto& shard : shards_.all()) {
      for (const std::string& warning : shard->warnings()) assembly.note(warning);
    }
    number_people(assembly);
    choose_identities();
    if (options.fraction < 1 || part_) choose_pictures();
    if (options.on_damaged == "skip") leave_out_damaged();
  }

  /// As many pictures as `fraction` leaves that many of; `count` and `first` want people of their own.
  static bool write_example(const Options& options, const lafs::DataSource& pictures) {
    const auto for_people = (options.first + options.count + pictures.identities() - 1) / pictures.identities();
    const auto for_share = options.fraction > 0 ? static_cast<int64_t>(std::ceil(1 / options.fraction)) : 1;
    for (const std::string& path : paths(options)) lafs::record_set::write_set(path, pictures, std::max(for_people + 1, for_share));
    return true;
  }

  int64_t size() const override { return chosen_.empty() ? shards_.size() : static_cast<int64_t>(chosen_.size()); }
  int64_t identities() const override { return identities_; }
  int64_t identity(int64_t index) const override {
    const auto [shard, i] = shards_.at(at(index));
    return number(shard->label(i)) - options_.first;
  }
  std::string key(int64_t index) const override { return shards_.key(at(index)); }

  lafs::Sample get(int64_t index) const override { return {picture(index), identity(index), index, key(index), {}, 1}; }
  bool has_encoded() const override { return !options_.swap_rb; }
  std::vector<uint8_t> encoded(int64_t index) const override {
    lafs::check_index(index, size());
    const auto [shard, i] = shards_.at(at(index));
    return shard->picture(i);
  }

  std::optional<int64_t> find(const std::string& key) const override {
    const auto there = shards_.find(key);
    if (!there || chosen_.empty()) return there;
    const auto found = std::lower_bound(chosen_.begin(), chosen_.end(), static_cast<uint32_t>(*there));
    if (found == chosen_.end() || *found != *there) return std::nullopt;
    return found - chosen_.begin();
  }

  std::string fingerprint() const override {
    lafs::formats::Fingerprint print;
    print.add("record_set").add(size()).add(identities_).add(int64_t{options_.swap_rb});
    for (int64_t index = 0; index < size(); ++index) {
      const auto [shard, i] = shards_.at(at(index));
      print.add(static_cast<int64_t>(shard->key(i))).add(static_cast<int64_t>(shard->offset(i))).add(number(shard->label(i)));
    }
    return print.hex();
  }
  std::string content_fingerprint(const lafs::ContentRequest& request) const override {
    lafs::formats::Fingerprint print;
    const int64_t count = request.count(size());
    const auto place = [&](int64_t n) { return at(request.at(n)); };
    print.add("record_set contents").add(count).add(identities_).add(int64_t{options_.swap_rb});
    for (int64_t n = 0; n < count; ++n) print.add(shards_.at(place(n)).first->label(shards_.at(place(n)).second));
    shards_.add_contents(count, place, request, print);
    return print.hex();
  }
  std::vector<std::string> skipped() const override { return skipped_; }

 private:
  static std::vector<std::string> paths(const Options& options) {
    if (options.files.empty()) throw lafs::Error("files is empty; name at least one");
    std::vector<std::string> out;
    for (const lafs::Path& path : options.files) {
      lafs::check_root(path);
      out.push_back(path.value);
    }
    return out;
  }

  int64_t at(int64_t index) const { return chosen_.empty() ? index : int64_t{chosen_[static_cast<size_t>(index)]}; }

  lafs::Image picture(int64_t index) const {
    lafs::check_index(index, size());
    const auto [shard, i] = shards_.at(at(index));
    const std::vector<uint8_t> bytes = shard->picture(i);
    try {
      lafs::Image image = lafs::imaging::decode_image(bytes);
      return options_.swap_rb ? swapped(image) : image;
    } catch (const lafs::Error& error) {
      throw lafs::Error(fmt::format("{}: {}", shard->name(i), error.what()));
    }
  }

  static lafs::Image swapped(const lafs::Image& image) {
    std::vector<uint8_t> bytes(image.bytes.get(), image.bytes.get() + image.size());
    for (size_t i = 0; i < bytes.size(); i += 3) std::swap(bytes[i], bytes[i + 2]);
    return lafs::imaging::image_of(image.height, image.width, std::move(bytes));
  }

  /// The number of the person with this label.
  int64_t number(int64_t label) const {
    if (people_.empty()) return label;
    return std::lower_bound(people_.begin(), people_.end(), static_cast<uint32_t>(label)) - people_.begin();
  }

  void number_people(lafs::Assembly& assembly) {
    const int64_t largest = shards_.largest_label();
    for (const auto& shard : shards_.all()) {
      if (shard->property() && shard->property()->classes > largest + 1) {
        assembly.note(fmt::format("\"{}\": the property file says {} classes, and labels go up to {}; the labels count",
                                  shard->path().string(), shard->property()->classes, largest));
        break;
      }
    }
    auto people = lafs::record_set::distinct_labels(shards_.size(), largest, [&](int64_t n) {
      const auto [shard, i] = shards_.at(n);
      return shard->label(i);
    });
    numbers_ = largest + 1;
    if (options_.renumber) {
      numbers_ = static_cast<int64_t>(people.size());
      if (numbers_ <= largest) people_ = std::move(people);
    } else if (const auto note = lafs::record_set::gap_note(static_cast<int64_t>(people.size()), numbers_, people[0] == 0); !note.empty()) {
      assembly.note(fmt::format("\"{}\": {}", shards_.all()[0]->path().string(), note));
    }
  }

  void choose_identities() {
    const int64_t there = numbers_, end = options_.count > 0 ? options_.first + options_.count : there;
    if (options_.first >= there || end > there) {
      throw lafs::Error(
          fmt::format("identities {} to {} were requested; there are {}", options_.first, std::max(end - 1, options_.first), there));
    }
    identities_ = end - options_.first;
    part_ = identities_ != there;
  }

  void choose_pictures() {
    if (shards_.size() > int64_t{UINT32_MAX}) throw lafs::Error(fmt::format("{} pictures are too many to take a part of", shards_.size()));
    for (int64_t n = 0; n < shards_.size(); ++n) {
      const auto [shard, i] = shards_.at(n);
      const int64_t identity = number(shard->label(i)) - options_.first;
      if (identity >= 0 && identity < identities_) chosen_.push_back(static_cast<uint32_t>(n));
    }
    if (chosen_.empty())
      throw lafs::Error(fmt::format("identities {} to {} have no picture", options_.first, options_.first + identities_ - 1));
    chosen_.resize(static_cast<size_t>(std::floor(options_.fraction * static_cast<double>(chosen_.size()))));
    if (chosen_.empty()) throw lafs::Error(fmt::format("fraction = {} leaves no picture", options_.fraction));
    chosen_.shrink_to_fit();
  }

  void leave_out_damaged() {
    const auto damaged = lafs::imaging::find_damaged(size(), options_.threads, [&](int64_t index) { picture(index); });
    if (damaged.empty()) return;
    std::vector<uint32_t> rest;
    for (int64_t index = 0; index < size(); ++index) {
      if (!damaged.contains(index)) rest.push_back(static_cast<uint32_t>(at(index)));
    }
    for (const auto& [index, reason] : damaged) skipped_.push_back(reason);
    if (rest.empty()) throw lafs::Error(fmt::format("every picture is damaged; the first: {}", skipped_[0]));
    chosen_ = std::move(rest);
  }

  Options options_;
  lafs::record_set::Shards shards_;
  std::vector<uint32_t> chosen_;  ///< pictures of the shards, ascending; empty: all
  std::vector<std::string> skipped_;
  std::vector<uint32_t> people_;  ///< labels by number; empty: a label is its number
  int64_t identities_ = 0, numbers_ = 0;
  bool part_ = false;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<RecordSet>("record_set", "face record sets of MXNet and InsightFace: train.rec, train.idx, property");
}
