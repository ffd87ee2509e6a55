#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "nn/layers/forwarding_draws.h"

namespace lafs::test {

/// Draws that keep their row keys to themselves, so that the plain operations run.
class KeylessDraws : public nn::ForwardingDraws {
 public:
  using ForwardingDraws::ForwardingDraws;
  std::vector<uint64_t> row_keys(std::string_view) const override { return {}; }

 private:
  std::shared_ptr<const Draws> wrap(std::shared_ptr<const Draws> inner) const override {
    return std::make_shared<KeylessDraws>(std::move(inner));
  }
};

}  // namespace lafs::test
