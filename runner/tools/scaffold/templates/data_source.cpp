#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "imaging/decode.h"
#include "lafs/assembly.h"
#include "lafs/data_source.h"
#include "lafs/error.h"
#include "lafs/plugin.h"
#include "lafs/rng.h"

namespace {

/// Striped pictures, an identity a direction and colour of stripes, drawn when they are asked for. `get` is called from many threads at
/// once and keeps nothing.
class MyPlugin final : public lafs::DataSource {
 public:
  struct Options {
    int64_t people = 8, per_identity = 8, side = 64;

    void declare(lafs::Params& p) {
      p("people", people, lafs::in(1, 1 << 20), "identities");
      p("per_identity", per_identity, lafs::in(1, 1 << 20), "pictures of each");
      p("side", side, lafs::in(8, 4096), "height and width of a picture, in pixels");
    }
  };

  MyPlugin(const Options& options, lafs::Assembly&) : options_(options) {}

  int64_t size() const override { return options_.people * options_.per_identity; }
  int64_t identities() const override { return options_.people; }
  int64_t identity(int64_t index) const override { return index / options_.per_identity; }
  std::string key(int64_t index) const override { return fmt::format("stripes/{}", index); }

  std::optional<int64_t> find(const std::string& key) const override {
    constexpr std::string_view head = "stripes/";
    if (!key.starts_with(head)) return std::nullopt;
    int64_t index = 0;
    const char *first = key.data() + head.size(), *last = key.data() + key.size();
    if (std::from_chars(first, last, index).ptr != last || first == last || index < 0 || index >= size()) return std::nullopt;
    return index;
  }

  lafs::Sample get(int64_t index) const override {
    if (index < 0 || index >= size()) throw lafs::Error(fmt::format("picture {} of {}", index, size()));
    lafs::Rng person(lafs::fold(1, static_cast<uint64_t>(identity(index)))), picture(lafs::fold(2, static_cast<uint64_t>(index)));
    const int64_t across = person.integer(1, 8), down = person.integer(1, 8), side = options_.side, shift = picture.integer(0, side);
    std::vector<uint8_t> bytes;
    for (int64_t y = 0; y < side; ++y) {
      for (int64_t x = 0; x < side; ++x) {
        const bool light = (across * x + down * y + shift) / 8 % 2 == 0;
        for (int channel = 0; channel < 3; ++channel) bytes.push_back(static_cast<uint8_t>(light ? 200 - 20 * channel : 40 + 20 * channel));
      }
    }
    return {lafs::imaging::image_of(side, side, std::move(bytes)), identity(index), index, key(index), {}, 1};
  }

  /// Changes when pictures, labels or their order do: results are traced to it.
  std::string fingerprint() const override {
    uint64_t all = lafs::key_of("my_plugin");
    for (const int64_t number : {options_.people, options_.per_identity, options_.side})
      all = lafs::fold(all, static_cast<uint64_t>(number));
    return fmt::format("{:016x}", all);
  }

 private:
  Options options_;
};

}  // namespace

// When a change of yours alters numbers, raise the revision, a last argument: registrar.add<...>("my_plugin", "...", 2). Runs that are
// finished are then not taken for runs of the new code.
LAFS_PLUGIN(registrar) { registrar.add<MyPlugin>("my_plugin", "striped pictures, an identity a direction of stripes"); }
