#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "formats/megaface.h"
#include "support/bare_assembly.h"
#include "support/error_of.h"
#include "support/front_door.h"
#include "support/made_features.h"
#include "support/scratch.h"

using namespace lafs;

namespace {

std::shared_ptr<Evaluator> megaface(const std::string& toml) {
  test::BareAssembly assembly;
  return test::make<Evaluator>("megaface", toml, assembly);
}

const std::string front = "inline.toml:1:1: error: evaluator \"megaface\": ";

std::string refusal(const std::string& toml) {
  return test::error_of([&] { megaface(toml); });
}

/// FaceScrub and distractors in folders, with empty pictures.
struct Pictures {
  test::ScratchFolder folder;
  Pictures() {
    for (const char* name : {"scrub/Ada_B/Ada_B_1.png", "scrub/Ada_B/Ada_B_2.png", "scrub/Ada_B/Ada_B_3.png", "scrub/Cy/Cy_1.png",
                             "scrub/Cy/Cy_2.png", "mega/0/1/a.jpg", "mega/0/1/b.jpg", "mega/2/3/a.jpg"}) {
      std::filesystem::create_directories((folder / name).parent_path());
      std::ofstream(folder / name) << "P5 1 1 255 x";
    }
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  }
  std::string pictures() const {
    return "probes = { use = \"image_folder\", root = \"" + (folder / "scrub").string() +
           "\" }\ndistractors = { use = \"image_folder\", root = \"" + (folder / "mega").string() + "\" }\n";
  }
  std::string features() const {
    return "probe_features = \"" + (folder / "out/facescrub").string() + "\"\ndistractor_features = \"" +
           (folder / "out/megaface").string() + "\"\n";
  }
};

/// People have directions of their own; distractor "0/1/b.jpg" is a picture of Cy.
std::vector<float> by_person(const FeatureRequest& request, int64_t index, bool) {
  const std::string key = request.source->key(index);
  if (key.starts_with("Ada")) return {3, static_cast<float>(index) * 0.1f, 0, 0};
  if (key.starts_with("Cy")) return {0, 0, 2, key.ends_with("1.png") ? 0 : 0.5f};
  if (key == "0/1/b.jpg") return {0, 0, 4, 0.4f};
  return {-1, static_cast<float>(index), 0, 1};
}

}  // namespace

TEST_CASE("megaface evaluator: every probe and mate is one comparison, and people are read from the names") {
  const Pictures set;
  const auto evaluator = megaface(set.pictures());
  const Metrics metrics = evaluator->score(test::MadeFeatures(evaluator->requests(), by_person));
  CHECK(test::metric(metrics, "rank1").n == 8);
  CHECK(test::metric(metrics, "rank1").value == 6.0 / 8);
  CHECK(test::metric(metrics, "rank1_per_person").value == 0.5);
  CHECK(test::metric(metrics, "rank1_per_person").n == 2);
  CHECK(metrics.notes[0] ==
        "MegaFace challenge 1, rank 1 of 5 probes of 2 people against 3 distractors, 8 comparisons of probe and mate, lists not cleaned, "
        "cosine "
        "similarity, embeddings of picture and mirror added, pixels scaled as lafs");
}

TEST_CASE("megaface evaluator: lists of noise move distractors away and replace probes") {
  const Pictures set;
  const std::string lists = "distractor_noise = \"" + set.write("mega.txt", "# noise\n5\tMegaFace/0/1/b.jpg\n") + "\"\nprobe_noise = \"" +
                            set.write("scrub.txt", "Ada_B_3.png\n") + "\"\n";
  const auto evaluator = megaface(set.pictures() + lists);
  const Metrics metrics = evaluator->score(test::MadeFeatures(evaluator->requests(), by_person));
  CHECK(metrics.values[0].value == 1);
  CHECK(metrics.notes[0].find("cleaned lists: 1 probes and 1 distractors are noise") != std::string::npos);
}

TEST_CASE("megaface evaluator: features are written as the tool reads them, and score the same from their files") {
  const Pictures set;
  const std::string out = "write_to = \"" + (set.folder / "out").string() + "\"\n";
  const auto evaluator = megaface(set.pictures() + out);
  const Metrics metrics = evaluator->score(test::MadeFeatures(evaluator->requests(), by_person));
  CHECK(metrics.notes.back() == "features are in \"" + (set.folder / "out").string() + "\"");
  const auto row = formats::read_megaface_feature(set.folder / "out/facescrub/Ada_B/Ada_B_2.png_lafs.bin");
  const double length = std::sqrt(9 + 0.01);
  REQUIRE(row.size() == 4);
  CHECK(row[0] == static_cast<float>(3 / length));
  CHECK(row[1] == doctest::Approx(0.1 / length));
  CHECK(std::filesystem::exists(set.folder / "out/megaface/2/3/a.jpg_lafs.bin"));

  const auto stored = megaface(set.features());
  CHECK(stored->requests().empty());
  const Metrics again = stored->score(test::MadeFeatures({}, by_person));
  CHECK(again.values[0].value == metrics.values[0].value);
  CHECK(again.values[0].n == metrics.values[0].n);
  CHECK(again.notes[0].ends_with("lists not cleaned, features as stored"));

  // Cleaned from the files, and written again: one component more.
  const std::string noise = "distractor_noise = \"" + set.write("mega.txt", "0/1/b.jpg\n") + "\"\n";
  const auto cleaned = megaface(set.features() + noise + "write_to = \"" + (set.folder / "clean").string() + "\"");
  CHECK(cleaned->score(test::MadeFeatures({}, by_person)).values[0].value == 1);
  CHECK(formats::read_megaface_feature(set.folder / "clean/megaface/0/1/b.jpg_lafs.bin")[4] == 100);
  CHECK(formats::read_megaface_feature(set.folder / "clean/megaface/0/1/a.jpg_lafs.bin")[4] == 0);
}

TEST_CASE("megaface evaluator: sets and lists that do not fit are errors") {
  const Pictures set;
  const std::string either = front + "give either \"probes\" and \"distractors\", or \"probe_features\" and \"distractor_features\"";
  CHECK(refusal("seed = 1") == either);
  CHECK(refusal(set.pictures() + set.features()) == either);
  CHECK(refusal("probes = { use = \"synthetic_faces\" }\n") == either);
  const std::string scrub = set.write("scrub.txt", "Bo_1.png\n"), mega = set.write("mega.txt", "9/9/z.jpg\n");
  CHECK(refusal(set.pictures() + "probe_noise = \"" + scrub + "\"") ==
        scrub + ": error: none of its 1 entries is one of the 5 pictures, such as \"Ada_B/Ada_B_1.png\"");
  CHECK(refusal(set.pictures() + "distractor_noise = \"" + mega + "\"") ==
        mega + ": error: none of its 1 entries is one of the 3 pictures, such as \"0/1/a.jpg\"");
  const std::string synthetic =
      "probes = { use = \"synthetic_faces\", identities = 2, per_identity = 2, size = 16 }\ndistractors = { use = \"synthetic_faces\", "
      "identities = 2, size = 16 }\n";
  CHECK(refusal(synthetic).starts_with(front));
  CHECK(refusal(synthetic).ends_with(" names no person: a picture of FaceScrub is called NAME_NUMBER"));
  const auto evaluator = megaface(set.pictures() + "write_to = \"" + (set.folder / "out").string() + "\"");
  evaluator->score(test::MadeFeatures(evaluator->requests(), by_person));
  CHECK(refusal(set.features() + "person = \"source\"") ==
        front + "person = \"source\" needs pictures: feature files have no identities but their names");
  CHECK(refusal(set.features() + "write_to = \"x\"") ==
        front + "write_to would write the feature files as they are: give a noise list, or pictures instead of features");
  formats::write_megaface_feature(set.folder / "out/megaface/2/3/a.jpg_lafs.bin", std::vector<float>{1, 2});
  const auto stored = megaface(set.features());
  CHECK(test::error_of([&] { stored->score(test::MadeFeatures({}, by_person)); }) ==
        "\"" + (set.folder / "out/megaface/2/3/a.jpg_lafs.bin").string() + "\" has 2 rows, and \"" +
            (set.folder / "out/megaface/0/1/a.jpg_lafs.bin").string() + "\" has 4");
}

TEST_CASE("megaface evaluator: features are not written over those that are read") {
  const Pictures set;
  const auto out = set.folder / "out";
  const auto evaluator = megaface(set.pictures() + "write_to = \"" + out.string() + "\"");
  evaluator->score(test::MadeFeatures(evaluator->requests(), by_person));
  const std::string noise = "distractor_noise = \"" + set.write("mega.txt", "0/1/b.jpg\n") + "\"\n";
  const auto writing = [&](const std::filesystem::path& to, const std::string& features) {
    return refusal(features + noise + "write_to = \"" + to.string() + "\"");
  };
  const auto words = [&](const std::filesystem::path& to, const std::string& read) {
    return front + "write_to would write to \"" + to.string() + "\", and features are read from \"" + (set.folder / read).string() +
           "\": choose another folder";
  };
  CHECK(writing(out, set.features()) == words(out / "facescrub", "out/facescrub"));
  std::filesystem::create_directory_symlink(out, set.folder / "link");
  CHECK(writing(set.folder / "link", set.features()) == words(set.folder / "link/facescrub", "out/facescrub"));
  CHECK(writing(out / "megaface", set.features()) == words(out / "megaface/facescrub", "out/megaface"));  // inside one
  const std::string parts = "probe_features = \"" + (set.folder / "mega2/facescrub").string() + "\"\ndistractor_features = \"" +
                            (set.folder / "other/megaface/part").string() + "\"\n";
  std::filesystem::create_directories(set.folder / "other/megaface");
  std::filesystem::create_directories(set.folder / "mega2");
  std::filesystem::rename(out / "facescrub", set.folder / "mega2/facescrub");
  std::filesystem::rename(out / "megaface", set.folder / "other/megaface/part");
  CHECK(writing(set.folder / "other", parts) == words(set.folder / "other/megaface", "other/megaface/part"));  // around one
  CHECK(writing(set.folder / "clean", parts) == "");
}

TEST_CASE("megaface evaluator: options that do nothing are errors") {
  const Pictures set;
  const auto evaluator = megaface(set.pictures() + "ending = \"_x.bin\"\nwrite_to = \"" + (set.folder / "out").string() + "\"");
  evaluator->score(test::MadeFeatures(evaluator->requests(), by_person));
  CHECK(refusal(set.features() + "ending = \"_x.bin\"") == "");
  CHECK(refusal(set.features() + "ending = \"_x.bin\"\nflip = \"none\"") == front + "flip has no effect with feature files; leave it out");
  CHECK(refusal(set.pictures() + "ending = \"_x.bin\"") ==
        front + "ending has no effect without feature files, which are read or written; leave it out");
  CHECK(refusal(set.pictures() + "seed = 2") == front + "seed has no effect without \"probe_noise\"; leave it out");
  CHECK(refusal(set.pictures() + "flip = \"none\"") == "");
}
