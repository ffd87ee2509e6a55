#pragma once
#include <memory>
#include <optional>
#include <string>

#include "lafs/data_source.h"
#include "lafs/input.h"

namespace lafs {

/// Noise in the shape of the training data, where a probe or a benchmark has to do without it. Throws nothing. [any thread]
class NoiseSource final : public DataSource {
 public:
  NoiseSource(int64_t images, int64_t identities, const InputContract& input) : images_(images), identities_(identities), input_(input) {}
  int64_t size() const override { return images_; }
  int64_t identities() const override { return identities_; }
  Sample get(int64_t index) const override;
  int64_t identity(int64_t index) const override { return index % identities_; }
  std::string key(int64_t index) const override;
  std::optional<int64_t> find(const std::string&) const override { return {}; }
  std::string fingerprint() const override { return "noise"; }

 private:
  int64_t images_, identities_;
  InputContract input_;
};

}  // namespace lafs
