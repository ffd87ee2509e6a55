#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "lafs/rng.h"
#include "materials.h"

using lafs::test::bytes_of;
using lafs::test::source;

TEST_CASE("synthetic_faces: a picture is the same at every call and from every thread") {
  const auto faces = source("synthetic_faces", "identities = 3\nper_identity = 4\nsize = 48");
  CHECK(faces->size() == 12);
  CHECK(faces->identities() == 3);
  CHECK(lafs::test::consistent(*faces));
  CHECK(lafs::test::same_from_threads(*faces, 8));
  CHECK(faces->key(5) == "identity 1 picture 1");
  CHECK(!faces->find("identity 1 picture 9"));
  CHECK(!faces->find("identity 1 picture 1x"));
}

TEST_CASE("synthetic_faces: a person does not depend on the range that holds him") {
  const auto all = source("synthetic_faces", "identities = 6\nper_identity = 2\nsize = 48");
  const auto last = source("synthetic_faces", "identities = 2\nper_identity = 2\nfirst_identity = 4\nsize = 48");
  const auto other = source("synthetic_faces", "identities = 6\nper_identity = 2\nseed = 2\nsize = 48");
  for (int64_t i = 0; i < last->size(); ++i) {
    CHECK(bytes_of(last->get(i).image) == bytes_of(all->get(8 + i).image));
    CHECK(bytes_of(other->get(i).image) != bytes_of(all->get(i).image));
  }
  CHECK(last->key(0) == all->key(8));
  CHECK(last->get(0).identity == 0);
}

TEST_CASE("synthetic_faces: the fingerprint follows every option and nothing else") {
  const std::string plain = source("synthetic_faces", "")->fingerprint();
  CHECK(plain == source("synthetic_faces", "")->fingerprint());
  for (const char* option : {"identities = 99", "per_identity = 21", "first_identity = 1", "seed = 2", "size = 64", "difficulty = 0.5"}) {
    CHECK_MESSAGE(plain != source("synthetic_faces", option)->fingerprint(), option);
  }
}

TEST_CASE("synthetic_faces: landmarks lie in their usual order and follow the size of the picture") {
  const auto easy = source("synthetic_faces", "identities = 20\nper_identity = 3\ndifficulty = 0.5");
  const auto twice = source("synthetic_faces", "identities = 20\nper_identity = 3\ndifficulty = 0.5\nsize = 224");
  for (int64_t i = 0; i < easy->size(); ++i) {
    const std::vector<float> p = easy->get(i).landmarks, q = twice->get(i).landmarks;
    REQUIRE(p.size() == 16);
    CHECK(p[0] < p[2]);
    CHECK(p[6] < p[8]);
    CHECK(std::max(p[1], p[3]) < p[5]);
    CHECK(p[5] < std::max(p[7], p[9]));
    for (size_t k = 0; k < p.size(); ++k) CHECK((p[k] + 0.5f) * 2 - 0.5f == doctest::Approx(q[k]).epsilon(1e-3));
  }
}

TEST_CASE("synthetic_faces: pixels alone tell people apart better than chance and far from well") {
  constexpr int64_t people = 50, pictures = 10, pairs = 1000;
  const auto faces = source("synthetic_faces", "identities = 50\nper_identity = 10\nfirst_identity = 1000");
  std::vector<std::vector<float>> rows;
  for (int64_t i = 0; i < faces->size(); ++i) {
    const std::vector<uint8_t> bytes = bytes_of(faces->get(i).image);
    std::vector<float> row(bytes.begin(), bytes.end());
    double mean = 0, square = 0;
    for (const float v : row) mean += v / static_cast<double>(row.size());
    for (float& v : row) v -= static_cast<float>(mean);
    for (const float v : row) square += v * v;
    for (float& v : row) v /= static_cast<float>(std::sqrt(square));
    rows.push_back(std::move(row));
  }
  lafs::Rng rng(7);
  std::vector<std::pair<double, bool>> scores;
  for (int64_t n = 0; n < 2 * pairs; ++n) {
    const bool genuine = n < pairs;
    const int64_t one = rng.integer(0, people), picture = rng.integer(0, pictures);
    const int64_t other = genuine ? one : (one + rng.integer(1, people)) % people;
    const int64_t another = genuine ? (picture + rng.integer(1, pictures)) % pictures : rng.integer(0, pictures);
    const auto &a = rows[static_cast<size_t>(one * pictures + picture)], &b = rows[static_cast<size_t>(other * pictures + another)];
    double dot = 0;
    for (size_t k = 0; k < a.size(); ++k) dot += a[k] * b[k];
    scores.emplace_back(dot, genuine);
  }
  std::sort(scores.begin(), scores.end());
  int64_t right = pairs, best = pairs;
  for (const auto& [score, genuine] : scores) best = std::max(best, right += genuine ? -1 : 1);
  const double accuracy = static_cast<double>(best) / static_cast<double>(2 * pairs);
  MESSAGE("verification by correlation of pixels: ", accuracy);
  CHECK(accuracy > 0.58);
  CHECK(accuracy < 0.72);
}

TEST_CASE("synthetic_faces: an index outside is refused") {
  const auto faces = source("synthetic_faces", "identities = 2\nper_identity = 2");
  CHECK(lafs::test::error_of([&] { faces->get(4); }) == "image 4 is outside [0, 4)");
}
