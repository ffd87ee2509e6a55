#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "imaging/resize.h"
#include "lafs/data_source.h"

namespace lafs::linear_probe {

/// How pictures change from epoch to epoch.
struct CropRule {
  std::vector<double> scale{0.9, 1}, ratio{3.0 / 4, 4.0 / 3};  ///< share of the area, and width over height, of the random part
  bool flip = true;                                            ///< every other picture, by chance
  int64_t height = 112, width = 112;                           ///< of the result
  imaging::ResampleFilter filter = imaging::ResampleFilter::triangle;
};

/// The pictures of a source as one epoch sees them: a random part of each, resized, and perhaps mirrored. A function of key and index.
class Cropped final : public DataSource {
 public:
  Cropped(std::shared_ptr<const DataSource> source, const CropRule& rule, uint64_t key)
      : source_(std::move(source)), rule_(rule), key_(key) {}

  int64_t size() const override { return source_->size(); }
  int64_t identities() const override { return source_->identities(); }
  Sample get(int64_t index) const override;
  int64_t identity(int64_t index) const override { return source_->identity(index); }
  std::string key(int64_t index) const override { return source_->key(index); }
  std::optional<int64_t> find(const std::string& key) const override { return source_->find(key); }
  std::string fingerprint() const override { return source_->fingerprint() + "-" + std::to_string(key_); }

 private:
  std::shared_ptr<const DataSource> source_;
  CropRule rule_;
  uint64_t key_;
};

}  // namespace lafs::linear_probe
