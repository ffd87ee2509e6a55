#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "formats/fingerprint.h"
#include "lafs/content_hashed.h"
#include "lafs/data_root.h"
#include "lafs/data_source.h"
#include "lafs/encoded_of.h"
#include "lafs/error.h"
#include "lafs/memory.h"
#include "lafs/named.h"
#include "lafs/plugin.h"
#include "lafs/rng.h"
#include "split.h"

namespace {

/// Part of another source, in its order. First whole identities: those of `split`, with at least `min_images`, of these the range
/// [first, first + count). Then, behind the first `skip_per_identity`, `per_identity` pictures of each, and a `fraction` of these. Memory:
/// 4 bytes a picture kept.
class Subset final : public lafs::DataSource,
                     public lafs::MaybeEncoded,
                     public lafs::Named,
                     public lafs::Skipping,
                     public lafs::ContentHashed {
 public:
  struct Options {
    lafs::Use<lafs::DataSource> source;
    int64_t first = 0, count = 0, per_identity = 0, skip_per_identity = 0, min_images = 0;
    double fraction = 1;
    std::string fraction_mode = "prefix", missing = "error", pick = "first";
    int64_t seed = 0;
    lafs::Path split;
    bool exclude = false, compact = true;

    void declare(lafs::Params& p) {
      p("source", source, lafs::needed(), "the source to take a part of");
      // The path changes no number; the people whom the file names are in the fingerprint.
      p.affects_nothing(
          "split", split,
          "list of people, a line each: name, or name and number of pictures, as in LFW; a person's name is the first folder of a key, "
          "the label of a list, or in sets that know no names the number of the identity");
      // Who was taken is in the fingerprint.
      p.affects_nothing("missing", missing, lafs::one_of({"error", "skip"}),
                        "names in split that the source does not have: error, or skip, which goes on without them and says so");
      p("exclude", exclude, "leave out the people in split instead of keeping them");
      p("min_images", min_images, lafs::at_least(0), "identities with fewer pictures are left out");
      p("first", first, lafs::at_least(0), "first identity of the range, among those still there");
      p("count", count, lafs::at_least(0), "identities of the range; 0: to the end");
      p("per_identity", per_identity, lafs::at_least(0), "pictures of each identity, those of pick; 0: all");
      p.affects_unless(
          0, "skip_per_identity", skip_per_identity, lafs::at_least(0),
          "pictures of each identity, in the order of pick, that are left out first: with the value that another subset has for "
          "per_identity, what is left are the pictures that it did not take");
      p("fraction", fraction, lafs::in(0, 1), "share of the pictures");
      p.quirk("FT-21", "fraction_mode", fraction_mode, "prefix", "per_identity", lafs::one_of({"prefix", "per_identity"}),
              "prefix: the first pictures of the list, so the first identities; per_identity: the first of each, at least one");
      p.affects_unless(
          "first", "pick", pick, lafs::one_of({"first", "random"}),
          "which pictures per_identity and fraction keep: the first ones, or random ones; with one seed fewer are a part of more");
      p.affects_unless(0, "seed", seed, lafs::at_least(0), "of random ones");
      p("compact", compact, "number the identities that are left from 0 without gaps");
    }
  };

  Subset(const Options& options, lafs::Assembly& assembly) : options_(options) {
    if (options.exclude && options.split.empty()) throw lafs::Error("exclude needs a split that names the people to leave out");
    const bool random = options.pick == "random";
    if (random && options.per_identity == 0 && options.skip_per_identity == 0 && options.fraction == 1)
      throw lafs::Error("pick = \"random\" has no effect without per_identity, skip_per_identity or fraction: every picture is kept");
    if (!random && options.seed != 0) throw lafs::Error(fmt::format("seed = {} has no effect without pick = \"random\"", options.seed));
    lafs::check_root(options.split);
    source_ = options.source.make(assembly);
    choose_identities(assembly);
    choose_pictures();
    number_identities();
    if (takes_of_each())
      assembly.note(
          fmt::format("subset: fraction = {} with fraction_mode = \"per_identity\" takes the first pictures of each identity and at "
                      "least one: {} of {} pictures, {:.3g} %",
                      options.fraction, size(), source_->size(), 100 * static_cast<double>(size()) / static_cast<double>(source_->size())));
  }

  static bool write_example(const Options& options, const lafs::DataSource& pictures) {
    return !options.source.empty() && options.source.options->write_example(pictures);
  }

  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  int64_t identities() const override { return identities_; }
  int64_t identity(int64_t index) const override { return label(source_->identity(at(index))); }
  std::string key(int64_t index) const override { return source_->key(at(index)); }

  lafs::Sample get(int64_t index) const override {
    lafs::check_index(index, size());
    lafs::Sample sample = source_->get(at(index));
    sample.identity = label(sample.identity);
    sample.index = index;
    return sample;
  }

  std::optional<int64_t> find(const std::string& key) const override {
    const auto there = source_->find(key);
    if (!there) return std::nullopt;
    const auto found = std::lower_bound(indices_.begin(), indices_.end(), static_cast<uint32_t>(*there));
    if (found == indices_.end() || *found != *there) return std::nullopt;
    return found - indices_.begin();
  }

  std::string fingerprint() const override { return fingerprint_around(source_->fingerprint()); }
  /// Of the pictures taken: what happens to others changes nothing, and their files are not read.
  std::string content_fingerprint(const lafs::ContentRequest& request) const override {
    if (!dynamic_cast<const lafs::ContentHashed*>(source_.get())) return fingerprint();
    std::vector<int64_t> taken(static_cast<size_t>(request.count(size())));
    for (size_t n = 0; n < taken.size(); ++n) taken[n] = at(request.at(static_cast<int64_t>(n)));
    lafs::ContentRequest inner = request;
    inner.only = &taken;
    return fingerprint_around(lafs::content_fingerprint_of(*source_, inner));
  }

  bool has_encoded() const override { return lafs::encoded_of(*source_) != nullptr; }
  std::vector<uint8_t> encoded(int64_t index) const override {
    lafs::check_index(index, size());
    const lafs::Encoded* bytes = lafs::encoded_of(*source_);
    if (!bytes) throw lafs::Error("the source has no encoded pictures");
    return bytes->encoded(at(index));
  }

  std::string identity_name(int64_t identity) const override {
    const int64_t own = originals_[static_cast<size_t>(identity)];
    return own < 0 ? std::string() : lafs::identity_name(*source_, own);
  }

  std::vector<std::string> skipped() const override {
    const auto* skipping = dynamic_cast<const lafs::Skipping*>(source_.get());
    return skipping ? skipping->skipped() : std::vector<std::string>();
  }

 private:
  std::string fingerprint_around(const std::string& inner) const {
    lafs::formats::Fingerprint print;
    print.add("subset").add(inner).add(identities_).add(size());
    for (const uint32_t index : indices_) print.add(static_cast<int64_t>(index));
    for (const int64_t label : labels_) print.add(label);
    return print.hex();
  }

  bool takes_of_each() const { return options_.fraction < 1 && options_.fraction_mode == "per_identity"; }
  int64_t at(int64_t index) const { return indices_[static_cast<size_t>(index)]; }
  int64_t label(int64_t identity) const { return labels_[static_cast<size_t>(identity)]; }

  void choose_identities(lafs::Assembly& assembly) {
    const auto all = static_cast<size_t>(source_->identities());
    // Counts, first pictures and labels, and which are kept.
    lafs::check_memory(static_cast<double>(all) * 26, fmt::format("a subset of a source of {} identities", all));
    counts_.assign(all, 0);
    std::vector<int64_t> first_picture(all, -1);
    for (int64_t i = source_->size() - 1; i >= 0; --i) {
      const auto identity = static_cast<size_t>(source_->identity(i));
      ++counts_[identity];
      first_picture[identity] = i;
    }
    std::vector<bool> named;
    if (!options_.split.empty())
      named = lafs::subset::named_people({options_.split.value, options_.missing == "skip"}, *source_, first_picture, assembly);
    std::vector<size_t> kept;
    for (size_t identity = 0; identity < all; ++identity) {
      if (counts_[identity] == 0 || (!named.empty() && named[identity] == options_.exclude)) continue;
      if (counts_[identity] >= options_.min_images) kept.push_back(identity);
    }
    // Unsigned, because the sum of any two options fits in 64 bits without a sign.
    const auto there = static_cast<uint64_t>(kept.size()), first = static_cast<uint64_t>(options_.first);
    const uint64_t end = options_.count > 0 ? first + static_cast<uint64_t>(options_.count) : std::max(there, first + 1);
    if (there == 0) throw lafs::Error(fmt::format("no identity is left of {}", all));
    if (end > there) throw lafs::Error(fmt::format("identities {} to {} were requested; there are {}", first, end - 1, there));
    keep_.assign(all, false);
    for (uint64_t i = first; i < end; ++i) keep_[kept[i]] = true;
  }

  void choose_pictures() {
    const bool share_of_each = takes_of_each();
    std::vector<int64_t> taken(counts_.size(), 0), limit = counts_;
    for (int64_t& most : limit) {
      most = std::max<int64_t>(0, most - options_.skip_per_identity);
      if (options_.per_identity > 0) most = std::min(most, options_.per_identity);
      if (share_of_each && most > 0)
        most = std::max<int64_t>(1, static_cast<int64_t>(std::floor(options_.fraction * static_cast<double>(most))));
    }
    if (source_->size() > int64_t{UINT32_MAX})
      throw lafs::Error(fmt::format("a source of {} pictures is too large for a subset", source_->size()));
    for (int64_t i = 0; i < source_->size(); ++i) {
      const auto identity = static_cast<size_t>(source_->identity(i));
      if (!keep_[identity]) continue;
      const int64_t number = place(taken[identity]++, counts_[identity], identity) - options_.skip_per_identity;
      if (number >= 0 && number < limit[identity]) indices_.push_back(static_cast<uint32_t>(i));
    }
    if (indices_.empty()) throw lafs::Error(fmt::format("skip_per_identity = {} leaves no picture", options_.skip_per_identity));
    if (!share_of_each) keep_fraction();
    if (indices_.empty()) throw lafs::Error(fmt::format("fraction = {} leaves no picture", options_.fraction));
    indices_.shrink_to_fit();
  }

  /// Where a picture stands among so many, in the order in which they are kept: its own number, or random. `what` names the many.
  int64_t place(int64_t number, int64_t among, uint64_t what) const {
    if (options_.pick == "first") return number;
    return lafs::Permutation(among, lafs::fold(static_cast<uint64_t>(options_.seed), what))(number);
  }

  void keep_fraction() {
    const auto all = static_cast<int64_t>(indices_.size());
    const auto most = static_cast<int64_t>(std::floor(options_.fraction * static_cast<double>(all)));
    if (most == all) return;
    int64_t number = 0;
    std::erase_if(indices_, [&](uint32_t) { return place(number++, all, ~uint64_t{0}) >= most; });
  }

  void number_identities() {
    labels_.assign(counts_.size(), -1);
    for (const uint32_t index : indices_) labels_[static_cast<size_t>(source_->identity(index))] = 0;
    for (size_t identity = 0; identity < labels_.size(); ++identity) {
      if (labels_[identity] == 0) labels_[identity] = options_.compact ? identities_++ : static_cast<int64_t>(identity);
    }
    if (!options_.compact) identities_ = source_->identities();
    originals_.assign(static_cast<size_t>(identities_), -1);
    for (size_t identity = 0; identity < labels_.size(); ++identity) {
      if (labels_[identity] >= 0) originals_[static_cast<size_t>(labels_[identity])] = static_cast<int64_t>(identity);
    }
    counts_.clear();
    keep_.clear();
  }

  Options options_;
  std::shared_ptr<const lafs::DataSource> source_;
  std::vector<uint32_t> indices_;
  std::vector<int64_t> labels_, counts_, originals_;  ///< originals_: what each number was in the source, -1: nobody
  std::vector<bool> keep_;
  int64_t identities_ = 0;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Subset>("subset", "part of another source: people of a split, a range, few pictures each, a fraction");
}
