#include <string>

#include <doctest/doctest.h>

#include "materials.h"

using lafs::test::bytes_of;
using lafs::test::source;

namespace {

std::string faces(int identities, int first) {
  return "[[sources]]\nuse = \"synthetic_faces\"\nper_identity = 2\nsize = 32\nidentities = " + std::to_string(identities) +
         "\nfirst_identity = " + std::to_string(first) + "\n";
}

}  // namespace

TEST_CASE("concat: separate sources hold different people") {
  const auto both = source("concat", faces(2, 0) + faces(3, 10));
  CHECK(both->size() == 10);
  CHECK(both->identities() == 5);
  CHECK(both->identity(3) == 1);
  CHECK(both->identity(4) == 2);
  CHECK(both->key(4) == "identity 10 picture 0");
  CHECK(lafs::test::consistent(*both));
  CHECK(lafs::test::same_from_threads(*both, 8));
  CHECK(bytes_of(both->get(4).image) == bytes_of(source("synthetic_faces", "first_identity = 10\nsize = 32")->get(0).image));
}

TEST_CASE("concat: shared identities keep their numbers") {
  const auto both = source("concat", "identities = \"shared\"\n" + faces(2, 0) + faces(3, 10));
  CHECK(both->identities() == 3);
  CHECK(both->identity(4) == 0);
  CHECK(both->identity(9) == 2);
}

TEST_CASE("concat: the fingerprint follows order and the meaning of numbers") {
  const std::string plain = source("concat", faces(2, 0) + faces(2, 10))->fingerprint();
  CHECK(plain == source("concat", faces(2, 0) + faces(2, 10))->fingerprint());
  CHECK(plain != source("concat", faces(2, 10) + faces(2, 0))->fingerprint());
  CHECK(plain != source("concat", "identities = \"shared\"\n" + faces(2, 0) + faces(2, 10))->fingerprint());
}

TEST_CASE("concat: no source is an error") {
  CHECK(lafs::test::error_of([] { source("concat", "sources = []"); }) ==
        "inline.toml:1:1: error: data_source \"concat\": sources is empty; name at least one");
}
