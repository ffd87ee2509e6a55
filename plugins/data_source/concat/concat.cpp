#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "formats/fingerprint.h"
#include "lafs/content_hashed.h"
#include "lafs/data_source.h"
#include "lafs/encoded_of.h"
#include "lafs/error.h"
#include "lafs/named.h"
#include "lafs/plugin.h"

namespace {

/// Several sources one after the other. A key that two of them use is found in the first.
class Concat final : public lafs::DataSource,
                     public lafs::MaybeEncoded,
                     public lafs::Named,
                     public lafs::Skipping,
                     public lafs::ContentHashed {
 public:
  struct Options {
    std::vector<lafs::Use<lafs::DataSource>> sources;
    std::string identities = "separate";

    void declare(lafs::Params& p) {
      p("sources", sources, lafs::needed(), "the parts, in their order");
      p("identities", identities, lafs::one_of({"separate", "shared"}),
        "separate: people of different sources are different people; shared: equal numbers are the same person");
    }
  };

  Concat(const Options& options, lafs::Assembly& assembly) {
    if (options.sources.empty()) throw lafs::Error("sources is empty; name at least one");
    for (const auto& use : options.sources) {
      const auto source = use.make(assembly);
      const bool separate = options.identities == "separate";
      parts_.push_back({source, size_, separate ? identities_ : 0});
      size_ += source->size();
      identities_ = separate ? identities_ + source->identities() : std::max(identities_, source->identities());
    }
  }

  static bool write_example(const Options& options, const lafs::DataSource& pictures) {
    return std::all_of(options.sources.begin(), options.sources.end(),
                       [&](const auto& use) { return !use.empty() && use.options->write_example(pictures); });
  }

  int64_t size() const override { return size_; }
  int64_t identities() const override { return identities_; }
  int64_t identity(int64_t index) const override {
    const Part& part = of(index);
    return part.source->identity(index - part.begin) + part.identity_offset;
  }
  std::string key(int64_t index) const override {
    const Part& part = of(index);
    return part.source->key(index - part.begin);
  }

  lafs::Sample get(int64_t index) const override {
    lafs::check_index(index, size_);
    const Part& part = of(index);
    lafs::Sample sample = part.source->get(index - part.begin);
    sample.identity += part.identity_offset;
    sample.index = index;
    return sample;
  }

  std::optional<int64_t> find(const std::string& key) const override {
    for (const Part& part : parts_) {
      if (const auto there = part.source->find(key)) return part.begin + *there;
    }
    return std::nullopt;
  }

  std::string fingerprint() const override {
    return fingerprint_of([](const Part& part) { return part.source->fingerprint(); });
  }
  std::string content_fingerprint(const lafs::ContentRequest& request) const override {
    const int64_t total = request.count(size_);
    int64_t before = 0;
    return fingerprint_of([&](const Part& part) {
      const std::vector<int64_t> taken = request.only ? part.own(*request.only) : std::vector<int64_t>();
      if (request.only && taken.empty()) return part.source->fingerprint();
      lafs::ContentRequest inner = request;
      if (request.only) inner.only = &taken;
      inner.go_on = [&](int64_t done, int64_t) { return request.go_on(before + done, total); };
      std::string print = lafs::content_fingerprint_of(*part.source, inner);
      before += inner.count(part.source->size());
      return print;
    });
  }

  bool has_encoded() const override {
    return std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return lafs::encoded_of(*part.source) != nullptr; });
  }
  std::vector<uint8_t> encoded(int64_t index) const override {
    lafs::check_index(index, size_);
    const Part& part = of(index);
    const lafs::Encoded* bytes = lafs::encoded_of(*part.source);
    if (!bytes) throw lafs::Error("not all sources have encoded pictures");
    return bytes->encoded(index - part.begin);
  }

  std::string identity_name(int64_t identity) const override {
    // Where people are shared, the first source that has the person and a name.
    for (const Part& part : parts_) {
      const int64_t own = identity - part.identity_offset;
      if (own < 0 || own >= part.source->identities()) continue;
      if (std::string name = lafs::identity_name(*part.source, own); !name.empty()) return name;
    }
    return "";
  }

  std::vector<std::string> skipped() const override {
    std::vector<std::string> all;
    for (const Part& part : parts_) {
      const auto* skipping = dynamic_cast<const lafs::Skipping*>(part.source.get());
      const std::vector<std::string> more = skipping ? skipping->skipped() : std::vector<std::string>();
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }

 private:
  struct Part {
    std::shared_ptr<const lafs::DataSource> source;
    int64_t begin, identity_offset;

    /// Those of `indices` that are this part's, as it numbers them.
    std::vector<int64_t> own(const std::vector<int64_t>& indices) const {
      std::vector<int64_t> out;
      for (const int64_t index : indices) {
        if (index >= begin && index < begin + source->size()) out.push_back(index - begin);
      }
      return out;
    }
  };

  template <typename PrintOfPart>
  std::string fingerprint_of(const PrintOfPart& print_of_part) const {
    lafs::formats::Fingerprint print;
    print.add("concat").add(identities_);
    for (const Part& part : parts_) print.add(print_of_part(part)).add(part.identity_offset);
    return print.hex();
  }

  const Part& of(int64_t index) const {
    const auto after = std::upper_bound(parts_.begin(), parts_.end(), index, [](int64_t i, const Part& part) { return i < part.begin; });
    return *(after - 1);
  }

  std::vector<Part> parts_;
  int64_t size_ = 0, identities_ = 0;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<Concat>("concat", "several sources one after the other"); }
