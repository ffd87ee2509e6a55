#include "kernel/data/copies.h"

#include <algorithm>
#include <functional>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "imaging/decode.h"
#include "imaging/encode.h"
#include "imaging/resize.h"
#include "kernel/data/alike_prints.h"
#include "kernel/data/same_picture.h"
#include "kernel/data/source_findings.h"
#include "lafs/error.h"
#include "lafs/named.h"
#include "lafs/rng.h"
#include "support/bare_assembly.h"
#include "support/front_door.h"

namespace lafs {
namespace {

/// Pictures in memory, each with its identity; those without bytes are damaged.
class Pictures final : public DataSource, public Named {
 public:
  void add(Image image, int64_t identity) { all_.emplace_back(std::move(image), identity); }

  int64_t size() const override { return static_cast<int64_t>(all_.size()); }
  int64_t identities() const override {
    int64_t most = 0;
    for (const auto& [image, identity] : all_) most = std::max(most, identity + 1);
    return most;
  }
  int64_t identity(int64_t index) const override { return all_[static_cast<size_t>(index)].second; }
  std::string identity_name(int64_t identity) const override { return prefix + std::to_string(identity); }
  std::string key(int64_t index) const override { return fmt::format("p{}/{}.png", identity(index), index); }
  std::optional<int64_t> find(const std::string&) const override { return {}; }
  std::string fingerprint() const override { return "5b"; }
  Sample get(int64_t index) const override {
    check_index(index, size());
    const Image& image = all_[static_cast<size_t>(index)].first;
    if (!image.bytes) throw Error(fmt::format("\"{}\": truncated JPEG", key(index)));
    return {image, identity(index), index, key(index), {}, 1};
  }

  std::string prefix = "p";

 private:
  std::vector<std::pair<Image, int64_t>> all_;
};

const DataSource& faces() {
  static test::BareAssembly assembly;
  static const auto source =
      test::make<DataSource>("synthetic_faces", "identities = 400\nper_identity = 2\nsize = 64", static_cast<Assembly&>(assembly));
  return *source;
}

Image changed(const Image& image, const std::function<double(double)>& level) {
  std::vector<uint8_t> bytes(image.bytes.get(), image.bytes.get() + image.size());
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(std::clamp(level(byte), 0.0, 255.0));
  return imaging::image_of(image.height, image.width, std::move(bytes));
}

Image cropped(const Image& image, int64_t left, int64_t top, int64_t right, int64_t bottom) {
  const int64_t height = image.height - top - bottom, width = image.width - left - right;
  std::vector<uint8_t> bytes;
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* row = image.row(y + top) + 3 * left;
    bytes.insert(bytes.end(), row, row + 3 * width);
  }
  return imaging::image_of(height, width, std::move(bytes));
}

Image of_size(const Image& image, int64_t height, int64_t width) {
  return imaging::resized(image, imaging::ResampleFilter::cubic, height, width);
}

Image encoded_again(const Image& image, int quality) { return imaging::decode_image(imaging::encode_jpeg(image, quality)); }

/// Changes that leave a picture the same photograph.
const std::vector<std::pair<std::string, std::function<Image(const Image&)>>>& changes() {
  static const std::vector<std::pair<std::string, std::function<Image(const Image&)>>> all{
      {"JPEG of quality 40", [](const Image& image) { return encoded_again(image, 40); }},
      {"darker", [](const Image& image) { return changed(image, [](double v) { return 0.7 * v; }); }},
      {"less contrast", [](const Image& image) { return changed(image, [](double v) { return 40 + 0.6 * v; }); }},
      {"smaller", [](const Image& image) { return of_size(image, image.height * 2 / 3, image.width * 2 / 3); }},
      {"larger", [](const Image& image) { return of_size(image, image.height * 2, image.width * 2); }},
      {"crop", [](const Image& image) { return cropped(image, 1, 1, 1, 1); }},
      {"crop to the old size", [](const Image& image) { return of_size(cropped(image, 2, 1, 0, 1), image.height, image.width); }},
      {"crop, JPEG, brighter",
       [](const Image& image) { return encoded_again(changed(cropped(image, 1, 0, 1, 2), [](double v) { return 1.1 * v; }), 60); }},
  };
  return all;
}

SourceFindings found_in(const DataSource& source, const DataSource* other = nullptr, int64_t threads = 2) {
  FindingsRequest request;
  request.threads = threads;
  request.other = other;
  return find_in_source(source, request);
}

using Pair = std::pair<int64_t, int64_t>;

std::set<Pair> places(const std::vector<CopyPair>& pairs) {
  std::set<Pair> out;
  for (const CopyPair& pair : pairs) out.insert({pair.first, pair.second});
  CHECK(out.size() == pairs.size());
  return out;
}

TEST_CASE("photograph_agreement: changes of one picture stay above the limit, other pictures do not reach it") {
  double least = 1, most = -1;
  for (int64_t i = 0; i < 60; ++i) {
    const Image image = faces().get(i).image;
    CHECK(photograph_agreement(image, image) == doctest::Approx(1));
    for (const auto& [name, change] : changes()) {
      const double agreement = photograph_agreement(image, change(image));
      CHECK_MESSAGE(agreement >= same_photograph, name);
      least = std::min(least, agreement);
    }
    for (int64_t j = i + 1; j < 60; ++j) most = std::max(most, photograph_agreement(image, faces().get(j).image));
  }
  CAPTURE(least);
  CHECK_MESSAGE(most < same_photograph, "the most alike of different pictures");
  const Image shade = imaging::image_of(8, 8, std::vector<uint8_t>(8 * 8 * 3, 90));
  CHECK(photograph_agreement(shade, shade) == -1);
}

TEST_CASE("copies: each kind of change is found, within an identity and across, and nothing else") {
  for (const auto& [name, change] : changes()) {
    CAPTURE(name);
    Pictures pictures;
    for (int64_t i = 0; i < 40; ++i) pictures.add(faces().get(i).image, faces().identity(i));
    pictures.add(change(faces().get(6).image), faces().identity(6));
    pictures.add(change(faces().get(11).image), 30);
    const Copies copies = found_in(pictures).copies;
    CHECK(places(copies.within) == std::set<Pair>{{6, 40}});
    CHECK(places(copies.across) == std::set<Pair>{{11, 41}});
    CHECK(copies.other.empty());
    CHECK_FALSE(copies.across.front().exact);
    CHECK(copies.across.front().agreement >= same_photograph);
  }
}

TEST_CASE("copies: different faces, and different pictures of one face, are no copies in a set that is searched by keys") {
  const Copies copies = found_in(faces()).copies;
  CHECK(copies.within.empty());
  CHECK(copies.across.empty());
  CHECK(copies.dropped == 0);
}

TEST_CASE("copies: equal pixels are joined by as many pairs as it takes, also plain and tiny ones") {
  Pictures pictures;
  const auto shade = [](uint8_t value, int64_t height, int64_t width) {
    return imaging::image_of(height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * 3), value));
  };
  for (const int64_t identity : {0, 0, 1, 2, 1}) pictures.add(shade(7, 4, 6), identity);
  pictures.add(shade(7, 6, 4), 0);  // the same bytes in another shape
  pictures.add(shade(8, 4, 6), 0);
  pictures.add({}, 0);
  pictures.add({}, 1);  // damaged ones are no copies of each other
  const SourceFindings found = found_in(pictures);
  CHECK(places(found.copies.within) == std::set<Pair>{{0, 1}, {2, 4}});
  CHECK(places(found.copies.across) == std::set<Pair>{{0, 2}, {0, 3}});
  CHECK(std::ranges::all_of(found.copies.within, [](const CopyPair& pair) { return pair.exact && pair.agreement == 1; }));
  CHECK(found.check.damaged.size() == 2);
  CHECK(found.sizes == std::map<Pair, int64_t>{{{4, 6}, 6}, {{6, 4}, 1}});
}

TEST_CASE("copies: in 40 generated sets exactly the planted ones are found, for any number of threads") {
  Rng rng(11);
  int64_t planted = 0;
  for (int n = 0; n < 40; ++n) {
    Pictures pictures;
    std::vector<int64_t> from;
    const int64_t first = rng.integer(0, 700), count = rng.integer(1, 60);
    for (int64_t i = 0; i < count; ++i) pictures.add(faces().get(first + i).image, faces().identity(first + i) - faces().identity(first));
    std::set<Pair> within, across;
    std::set<int64_t> used;
    for (int64_t copy = rng.integer(0, 6); copy > 0; --copy) {
      const int64_t of = rng.integer(0, count), identity = rng.coin(0.5) ? pictures.identity(of) : rng.integer(0, 40);
      if (!used.insert(of).second) continue;
      const auto kind = static_cast<size_t>(rng.integer(0, static_cast<int64_t>(changes().size()) + 1));
      const Image image = pictures.get(of).image;
      (identity == pictures.identity(of) ? within : across).insert({of, pictures.size()});
      pictures.add(kind == changes().size() ? image : changes()[kind].second(image), identity);
      ++planted;
    }
    const Copies one = found_in(pictures, nullptr, 1).copies, three = found_in(pictures, nullptr, 3).copies;
    CHECK(places(one.within) == within);
    CHECK(places(one.across) == across);
    CHECK(places(three.within) == within);
    CHECK(places(three.across) == across);
  }
  CHECK(planted > 60);
}

TEST_CASE("copies: pictures and names that another source has are found, and its own copies are not its matter") {
  Pictures own, other;
  for (int64_t i = 0; i < 20; ++i) own.add(faces().get(i).image, i / 2);
  for (int64_t i = 40; i < 60; ++i) other.add(faces().get(i).image, 8 + i - 40);
  other.add(faces().get(3).image, 0);
  other.add(encoded_again(faces().get(5).image, 50), 1);
  other.add(other.get(4).image, 2);
  const SourceFindings found = found_in(own, &other);
  CHECK(places(found.copies.other) == std::set<Pair>{{3, 20}, {5, 21}});
  CHECK(found.copies.other.front().exact);
  CHECK(found.copies.within.empty());
  CHECK(found.copies.across.empty());
  CHECK(found.shared.names_compared);
  CHECK(found.shared.names == std::vector<std::string>{"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"});
  other.prefix = "q";
  CHECK(find_shared_names(own, other).names.empty());
  CHECK_FALSE(find_shared_names(own, faces()).names_compared);
}

TEST_CASE("alike_prints: keys find what comparing everything with everything finds") {
  Rng rng(5);
  constexpr int64_t count = 3000, copies = 300;
  std::vector<PicturePrint> prints(count);
  for (int64_t i = 0; i < count; ++i) {
    for (size_t f = 1; f < 64; ++f) {
      const double value = i < count - copies ? 40 * rng.normal() : prints[static_cast<size_t>(i - copies)].shades[f] + 6 * rng.normal();
      prints[static_cast<size_t>(i)].shades[f] = static_cast<int8_t>(std::clamp(value, -127.0, 127.0));
    }
  }
  std::vector<uint32_t> chosen(count);
  for (uint32_t i = 0; i < count; ++i) chosen[i] = i;
  const AlikePrints found = alike_prints(prints, chosen, count, 0.75, [] { return true; });
  size_t right = 0;
  for (const AlikePair& pair : found.pairs) right += pair.second == pair.first + copies && pair.second >= count - copies;
  CHECK(right >= 297);
  CHECK(found.pairs.size() == right);
  CHECK(std::ranges::is_sorted(found.pairs, [](const AlikePair& a, const AlikePair& b) { return a.similarity > b.similarity; }));
}

TEST_CASE("source findings: sizes, grey pictures, exchanged colours, single pictures and gaps are counted exactly") {
  Rng rng(9);
  for (int n = 0; n < 100; ++n) {
    Pictures pictures;
    ColourFindings expected;
    std::map<Pair, int64_t> sizes;
    std::map<int64_t, int64_t> counts;
    const double blue = rng.uniform();
    for (int64_t i = 0, size = rng.integer(1, 300); i < size; ++i) {
      const bool grey = rng.coin(0.2), bluer = rng.coin(blue);
      const int64_t height = rng.integer(1, 4), width = rng.integer(1, 4), identity = 2 * rng.integer(0, 60);
      std::vector<uint8_t> bytes;
      for (int64_t pixel = 0; pixel < height * width; ++pixel) {
        const auto level = static_cast<uint8_t>(rng.integer(20, 200));
        bytes.insert(bytes.end(), {level, level, grey ? level : static_cast<uint8_t>(bluer ? level + 20 : level - 20)});
      }
      if (grey && expected.grey++ == 0) expected.first_grey = i;
      expected.coloured += !grey;
      expected.bluer += !grey && bluer;
      ++sizes[{height, width}];
      ++counts[identity];
      pictures.add(imaging::image_of(height, width, std::move(bytes)), identity);
    }
    FindingsRequest request;
    request.threads = rng.integer(1, 4);
    request.copies = false;
    const SourceFindings found = find_in_source(pictures, request);
    CHECK(found.sizes == sizes);
    CHECK(found.colours.grey == expected.grey);
    CHECK(found.colours.first_grey == expected.first_grey);
    CHECK(found.colours.coloured == expected.coloured);
    CHECK(found.colours.bluer == expected.bluer);
    CHECK(found.colours.probably_bgr() == (expected.coloured >= 100 && 10 * expected.bluer >= 8 * expected.coloured));
    CHECK(found.labels.with_pictures == static_cast<int64_t>(counts.size()));
    CHECK(found.labels.smallest == counts.begin()->first);
    CHECK(found.labels.largest == counts.rbegin()->first);
    CHECK(static_cast<int64_t>(found.labels.single.size()) ==
          std::ranges::count_if(counts, [](const auto& one) { return one.second == 1; }));
    int64_t missing = 0;
    for (const auto& [first, last] : found.labels.without) {
      for (int64_t identity = first; identity <= last; ++identity, ++missing) CHECK_FALSE(counts.contains(identity));
    }
    CHECK(missing == counts.rbegin()->first + 1 - static_cast<int64_t>(counts.size()));
  }
}

TEST_CASE("source findings: a search that is stopped says so, in every phase") {
  Pictures pictures;
  for (int64_t i = 0; i < 10; ++i) pictures.add(faces().get(i).image, i);
  for (int64_t i = 0; i < 10; ++i) pictures.add(encoded_again(faces().get(i).image, 50), i);
  for (const std::string last : {"pictures", "pictures of the other source", "pairs"}) {
    FindingsRequest request;
    request.other = &pictures;
    request.go_on = [&](const char* phase, int64_t, int64_t) { return phase != last; };
    CHECK(find_in_source(pictures, request).stopped);
  }
}

}  // namespace
}  // namespace lafs
