#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <xxhash.h>

namespace lafs::formats {

/// XXH3-128 of a sequence of texts and numbers, for `DataSource::fingerprint`. Lengths of texts
/// enter too, so "ab", "c" and "a", "bc" differ. Plugins that use it link xxhash. [one thread at a time]
class Fingerprint {
 public:
  Fingerprint() : state_(XXH3_createState(), XXH3_freeState) { XXH3_128bits_reset(state_.get()); }
  Fingerprint& add(std::string_view text) {
    add(static_cast<int64_t>(text.size()));
    return add_bytes(text.data(), text.size());
  }
  Fingerprint& add(int64_t number) { return add_bytes(&number, sizeof number); }
  /// Without a length: the parts of one content, in any division.
  Fingerprint& add_bytes(const void* bytes, size_t count) {
    XXH3_128bits_update(state_.get(), bytes, count);
    return *this;
  }
  XXH128_hash_t digest() const { return XXH3_128bits_digest(state_.get()); }
  std::string hex() const { return fmt::format("{:016x}{:016x}", digest().high64, digest().low64); }

 private:
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

}  // namespace lafs::formats
