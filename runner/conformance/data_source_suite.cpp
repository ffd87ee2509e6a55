#include "runner/conformance/suites.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"
#include "lafs/content_hashed.h"
#include "lafs/data_source.h"
#include "lafs/encoded_of.h"
#include "lafs/error.h"
#include "runner/conformance/empty_recipe.h"
#include "runner/conformance/findings.h"
#include "runner/conformance/threads.h"

namespace lafs::conformance {

namespace {

bool same_picture(const Image& a, const Image& b) {
  return a.height == b.height && a.width == b.width && std::memcmp(a.bytes.get(), b.bytes.get(), static_cast<size_t>(a.size())) == 0;
}

bool same_sample(const Sample& a, const Sample& b) {
  return same_picture(a.image, b.image) && a.identity == b.identity && a.index == b.index && a.key == b.key && a.landmarks == b.landmarks &&
         a.quality == b.quality;
}

/// The promises of data_source.h.
class DataSourceSuite {
 public:
  DataSourceSuite(std::shared_ptr<const DataSource> source, std::shared_ptr<const DataSource> again, Findings& findings)
      : source_(std::move(source)), again_(std::move(again)), findings_(findings) {}

  void run() {
    findings_.expect(source_->size() > 0, "there are pictures", fmt::format("size() is {}", source_->size()));
    findings_.expect(source_->identities() > 0, "there are identities", fmt::format("identities() is {}", source_->identities()));
    if (source_->size() <= 0) return;
    choose();
    findings_.guard("pictures are given", [&] {
      for (const int64_t index : indices_) look(index);
    });
    findings_.guard("any thread may call get", [&] { threads(); });
    findings_.guard("labels lie within the identities", [&] { labels(); });
    findings_.guard("a fingerprint is given", [&] { fingerprint(); });
    outside();
    findings_.guard("capabilities work", [&] { capabilities(); });
  }

 private:
  /// At most 16 pictures, the first and the last among them.
  void choose() {
    const int64_t size = source_->size(), wanted = std::min<int64_t>(size, 16);
    for (int64_t i = 0; i < wanted; ++i) indices_.push_back(wanted == 1 ? 0 : i * (size - 1) / (wanted - 1));
  }

  void look(int64_t index) {
    const Sample sample = source_->get(index);
    const std::string where = fmt::format("picture {}", index);
    findings_.expect(sample.image.height > 0 && sample.image.width > 0 && sample.image.bytes, "a picture has a size", where);
    if (!sample.image.bytes) return;
    findings_.expect(same_sample(sample, source_->get(index)), "get is stable over two calls", where);
    findings_.expect(same_sample(sample, again_->get(index)), "two instances give the same", where);
    findings_.expect(sample.index == index, "a sample knows its index", fmt::format("{} says {}", where, sample.index));
    findings_.expect(sample.identity == source_->identity(index), "identity(i) is what get says", where);
    findings_.expect(sample.key == source_->key(index) && !sample.key.empty(), "key(i) is what get says", where);
    findings_.expect(source_->find(sample.key) == index, "find(key(i)) is i", fmt::format("{}, \"{}\"", where, sample.key));
    findings_.expect(sample.landmarks.size() % 2 == 0, "landmarks are pairs", where);
    findings_.expect(sample.quality >= 0 && sample.quality <= 1, "a quality is in [0, 1]", fmt::format("{}: {}", where, sample.quality));
    samples_[index] = sample;
  }

  void threads() {
    if (samples_.size() != indices_.size()) return;
    const auto complaints = in_threads(8, [&](int thread) -> std::string {
      for (size_t i = 0; i < indices_.size(); ++i) {
        const int64_t index = indices_[(i * 5 + static_cast<size_t>(thread)) % indices_.size()];
        if (!same_sample(source_->get(index), samples_.at(index))) return fmt::format("picture {} differs", index);
        if (source_->find(source_->key(index)) != index) return fmt::format("the key of picture {} is not found", index);
      }
      return "";
    });
    for (const std::string& complaint : complaints) findings_.add("any thread may call get", complaint);
  }

  void labels() {
    const int64_t count = std::min<int64_t>(source_->size(), 10000);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t identity = source_->identity(i);
      if (identity < 0 || identity >= source_->identities()) {
        findings_.add("labels lie within the identities", fmt::format("picture {} has {} of {}", i, identity, source_->identities()));
        return;
      }
    }
    findings_.expect(!source_->find("no picture has this key").has_value(), "an unknown key is not found", "it is");
  }

  void fingerprint() {
    const std::string first = source_->fingerprint();
    findings_.expect(first == again_->fingerprint(), "the fingerprint is stable", fmt::format("{}, then {}", first, again_->fingerprint()));
    const auto is_hex = [](const std::string& text) {
      return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string::npos;
    };
    findings_.expect(is_hex(first), "the fingerprint is hex", first);
    const std::string contents = content_fingerprint_of(*source_, {}), again = content_fingerprint_of(*again_, {});
    findings_.expect(contents == again, "the fingerprint of the contents is stable", fmt::format("{}, then {}", contents, again));
    findings_.expect(is_hex(contents), "the fingerprint of the contents is hex", contents);
    const std::vector<int64_t> last{source_->size() - 1};
    ContentRequest part;
    part.only = &last;
    findings_.expect(is_hex(content_fingerprint_of(*source_, part)), "the contents of a part have a fingerprint", "of the last picture");
  }

  void outside() {
    findings_.expect_throw<Error>("get throws for an index below 0", "-1", [&] { source_->get(-1); });
    findings_.expect_throw<Error>("get throws for an index beyond the end", fmt::format("{}", source_->size()),
                                  [&] { source_->get(source_->size()); });
  }

  void capabilities() {
    if (const auto* encoded = encoded_of(*source_)) {
      const std::vector<uint8_t> bytes = encoded->encoded(0);
      findings_.expect(!bytes.empty() && bytes == encoded->encoded(0), "encoded bytes are there and stable", "picture 0");
    }
    if (const auto* skipping = dynamic_cast<const Skipping*>(source_.get())) {
      findings_.expect(skipping->skipped() == skipping->skipped(), "what was skipped is stable", "two calls differ");
    }
  }

  std::shared_ptr<const DataSource> source_, again_;
  Findings& findings_;
  std::vector<int64_t> indices_;
  std::map<int64_t, Sample> samples_;
};

}  // namespace

void conform_data_source(const Use<DataSource>& use, Findings& findings) {
  EmptyRecipe recipe;
  DataSourceSuite(use.make(recipe.assembly()), use.make(recipe.assembly()), findings).run();
}

}  // namespace lafs::conformance
