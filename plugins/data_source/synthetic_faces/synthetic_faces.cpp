#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "face.h"
#include "imaging/decode.h"
#include "lafs/data_source.h"
#include "lafs/plugin.h"

namespace {

/// Drawn faces of people who do not exist. A picture is a function of (seed, person, number of the picture, size, difficulty) alone;
/// a person of (seed, first_identity + identity) alone, so sources of other ranges hold people never seen in this one.
class SyntheticFaces final : public lafs::DataSource {
 public:
  struct Options {
    int64_t identities = 100, per_identity = 20, first_identity = 0, seed = 1, size = 112;
    double difficulty = 0.6;

    void declare(lafs::Params& p) {
      p("identities", identities, lafs::in(1, 100'000'000), "number of people");
      p("per_identity", per_identity, lafs::in(1, 1'000'000), "pictures of each");
      p("first_identity", first_identity, lafs::in(0, 1e12),
        "number of the first person: ranges that do not overlap hold different people");
      p("seed", seed, lafs::at_least(0), "different seeds give different people");
      p("size", size, lafs::in(16, 1024), "rows and columns, pixels");
      p("difficulty", difficulty, lafs::in(0, 1), "how strongly pose, light, expression and so on obscure the identity");
    }
  };

  SyntheticFaces(const Options& options, lafs::Assembly&) : options_(options) {}

  int64_t size() const override { return options_.identities * options_.per_identity; }
  int64_t identities() const override { return options_.identities; }
  int64_t identity(int64_t index) const override { return index / options_.per_identity; }
  std::string key(int64_t index) const override {
    return fmt::format("identity {} picture {}", options_.first_identity + identity(index), index % options_.per_identity);
  }

  lafs::Sample get(int64_t index) const override {
    lafs::check_index(index, size());
    const lafs::Rng person = lafs::Rng(lafs::key_of("synthetic_faces"))
                                 .fork(static_cast<uint64_t>(options_.seed))
                                 .fork(static_cast<uint64_t>(options_.first_identity + identity(index)));
    const lafs::synthetic_faces::Face face = lafs::synthetic_faces::draw_face(person.fork(0));
    const lafs::synthetic_faces::Scene scene =
        lafs::synthetic_faces::draw_scene(person.fork(1 + static_cast<uint64_t>(index % options_.per_identity)), options_.difficulty);
    lafs::synthetic_faces::Rendering drawn = lafs::synthetic_faces::render(face, scene, options_.size);
    lafs::Image image = lafs::imaging::image_of(options_.size, options_.size, std::move(drawn.rgb));
    return {std::move(image), identity(index), index, key(index), std::move(drawn.landmarks), 1};
  }

  std::optional<int64_t> find(const std::string& key) const override {
    const auto number_after = [&](const std::string& word) -> int64_t {
      const size_t at = key.find(word);
      int64_t number = -1;
      if (at != std::string::npos) std::from_chars(key.data() + at + word.size(), key.data() + key.size(), number);
      return number;
    };
    const int64_t person = number_after("identity ") - options_.first_identity, picture = number_after(" picture ");
    if (person < 0 || person >= options_.identities || picture < 0 || picture >= options_.per_identity) return std::nullopt;
    const int64_t index = person * options_.per_identity + picture;
    return this->key(index) == key ? std::optional(index) : std::nullopt;
  }

  std::string fingerprint() const override {
    const Options& o = options_;
    const std::string all =
        fmt::format("synthetic_faces 1 {} {} {} {} {} {}", o.identities, o.per_identity, o.first_identity, o.seed, o.size, o.difficulty);
    return fmt::format("{:016x}{:016x}", lafs::key_of(all), lafs::fold(lafs::key_of(all), all.size()));
  }

 private:
  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<SyntheticFaces>("synthetic_faces", "drawn faces of people who do not exist, with exact landmarks"); }
