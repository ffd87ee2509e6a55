#include "imaging/ijb_set.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/template_lists.h"
#include "imaging/align.h"
#include "materials.h"

namespace lafs::test {
namespace {

TEST_CASE("ijb set: a generated set is read, its faces come to the template, its lists fit each other") {
  const TempFolder folder("ijb_set");
  const std::filesystem::path root = folder / "IJBC";
  const auto people = source("synthetic_faces", "identities = 4\nper_identity = 20\nsize = 96\ndifficulty = 0.2");
  imaging::IjbSetOptions options;
  options.size = 120;
  const imaging::IjbSet set(*people, root, options);
  set.write();
  const auto data = source("ijb", "root = \"" + root.string() + "\"");
  // Three templates a person, of two stills and a video of three frames each.
  REQUIRE(data->size() == 4 * 3 * 5);
  CHECK(data->identities() == 12);
  const auto to = imaging::face_template("arcface").points;
  double off = 0;
  for (int64_t i = 0; i < data->size(); ++i) {
    const Sample sample = data->get(i);
    CHECK(sample.key == fmt::format("{}.jpg", i + 1));
    for (size_t k = 0; k < 5; ++k) off += std::hypot(sample.landmarks[2 * k] - to[k].x, sample.landmarks[2 * k + 1] - to[k].y);
  }
  CHECK(off / static_cast<double>(5 * data->size()) < 8);  // pixels: a drawn face is not a template
  const auto gallery = formats::read_template_subjects(root / "meta" / "ijbc_1N_gallery_G1.csv");
  const auto probes = formats::read_template_subjects(root / "meta" / "ijbc_1N_probe_mixed.csv");
  CHECK(gallery.templates.size() == 2);
  CHECK(probes.templates.size() == 8);
}

}  // namespace
}  // namespace lafs::test
