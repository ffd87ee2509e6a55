// lafs eval --on and lafs diagnose: sets named by their path alone.
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "formats/face_bin.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "lafs/rng.h"
#include "tiny.h"

namespace lafs::test {
namespace {

constexpr int64_t people = 8, each = 6, side = 32;

/// A picture of coloured stripes that belong to a person, with noise of its own.
Image stripes(int64_t person, int64_t number) {
  const std::shared_ptr<uint8_t[]> bytes(new uint8_t[side * side * 3]);
  Rng noise(fold(static_cast<uint64_t>(person), static_cast<uint64_t>(number)));
  for (int64_t i = 0; i < side * side; ++i) {
    for (int64_t c = 0; c < 3; ++c) {
      const int64_t wave = (i / side * (1 + person % 3) + i % side * (1 + person / 3) * (c + 1)) % 16;
      bytes[static_cast<size_t>(i * 3 + c)] = static_cast<uint8_t>(40 + 8 * wave + noise.integer(0, 60) + 15 * c);
    }
  }
  return {side, side, {bytes, bytes.get()}};
}

std::string name_of(int64_t person, int64_t number) { return "p" + std::to_string(person) + "/" + std::to_string(number) + ".png"; }

/// A trained model, and the same pictures as a folder per person, a list of pairs and a verification set.
struct Measured : Tiny {
  Measured() {
    REQUIRE(run("out").status == 0);
    std::vector<std::vector<uint8_t>> encoded;
    std::vector<bool> same;
    std::string list;
    for (int64_t person = 0; person < people; ++person) {
      fs::create_directories(*this / "faces" / ("p" + std::to_string(person)));
      for (int64_t number = 0; number < each; ++number) {
        const auto png = imaging::encode_png(stripes(person, number));
        write_bytes(*this / "faces" / name_of(person, number), std::string(png.begin(), png.end()));
      }
    }
    for (int64_t pair = 0; pair < 40; ++pair) {
      const int64_t person = pair % people, other = (person + (pair % 2 == 0 ? 0 : 1 + pair / 8)) % people;
      const int64_t first = pair / 8, second = (first + 1) % each;
      encoded.push_back(imaging::encode_png(stripes(person, first)));
      encoded.push_back(imaging::encode_png(stripes(other, second)));
      same.push_back(person == other);
      list += name_of(person, first) + " " + name_of(other, second) + (person == other ? " 1\n" : " 0\n");
    }
    std::vector<std::span<const std::byte>> pictures;
    for (const auto& one : encoded) pictures.push_back(std::as_bytes(std::span(one)));
    formats::write_face_bin(*this / "set.bin", pictures, same);
    std::swap(pictures[0], pictures[3]);
    formats::write_face_bin(*this / "other.bin", pictures, same);
    write_bytes(*this / "pairs.txt", list);
  }

  Outcome eval(const Arguments& more) const { return lafs(Arguments{"eval", *this / "out/checkpoints/last", "--quiet"} + more); }
};

TEST_CASE("eval on: a set of pairs, a list of the same, and a folder per person") {
  const Measured measured;
  CHECK(measured.eval({"--on", measured / "set.bin", "--set", "evaluator.0.size=32"}).status == 2);
  const Outcome set = measured.eval({"--on", measured / "set.bin", "--json", "--set", "evaluator.0.data.size=32"});
  REQUIRE_MESSAGE(set.status == 0, set.err);
  const Outcome list = measured.eval({"--on", measured / "pairs.txt", "--pictures", measured / "faces", "--json"});
  REQUIRE_MESSAGE(list.status == 0, list.err);
  CHECK(metric(nlohmann::json::parse(set.out), "accuracy") == metric(nlohmann::json::parse(list.out), "accuracy"));
  const Outcome folder = measured.eval({"--on", measured / "faces", "--json"});
  REQUIRE_MESSAGE(folder.status == 0, folder.err);
  const auto evaluators = nlohmann::json::parse(folder.out).at("evaluators");
  CHECK(evaluators.at(0).at("name") == "verification");
  CHECK(evaluators.at(1).at("name") == "retrieval");
}

TEST_CASE("eval on: a set is known by its pictures, not by their positions or sizes") {
  const Measured measured;
  const auto pairs = [&](const char* set, const char* size) {
    const Outcome outcome = measured.eval({"--on", measured / set, "--json", "--set", std::string("evaluator.0.data.size=") + size});
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    return nlohmann::json::parse(outcome.out).at("evaluators").at(0).at("pairs");
  };
  CHECK(pairs("set.bin", "32") == pairs("set.bin", "40"));
  CHECK(pairs("set.bin", "32") != pairs("other.bin", "32"));
}

TEST_CASE("eval on: stored features give the numbers of the model") {
  const Measured measured;
  REQUIRE(lafs({"embed", measured / "out/checkpoints/last", measured / "faces", "--out", measured / "f.npy", "--quiet"}).status == 0);
  const Arguments on{"--on", measured / "faces", "--json", "--set", "evaluator.0.baseline=false"};
  const Outcome model = measured.eval(on);
  const Outcome stored = lafs(Arguments{"eval", measured / "f.npy", "--quiet"} + on);
  REQUIRE_MESSAGE(stored.status == 0, stored.err);
  const auto of_model = nlohmann::json::parse(model.out), of_stored = nlohmann::json::parse(stored.out);
  CHECK(metric(of_stored, "accuracy") == metric(of_model, "accuracy"));
  CHECK(of_stored.at("evaluators").at(1).at("values").at(0).at("value") == of_model.at("evaluators").at(1).at("values").at(0).at("value"));
  CHECK(lafs({"eval", measured / "f.npy", "--on", measured / "pairs.txt", "--pictures", measured / "out"}).status == 1);
}

TEST_CASE("eval: several models on one set give the numbers of each alone, and are compared on the same pairs") {
  const Measured measured;
  REQUIRE(measured.run("second", {"--set", "run.seed=8"}).status == 0);
  const std::string first = measured / "out/checkpoints/last", second = measured / "second";
  const Arguments on{"--on", measured / "faces", "--quiet"};
  const Outcome both = lafs(Arguments{"eval", first, second} + on + Arguments{"--json", "--out", measured / "both"});
  REQUIRE_MESSAGE(both.status == 0, both.err);
  const auto models = nlohmann::json::parse(both.out).at("models");
  REQUIRE(models.size() == 2);
  CHECK(models.at(0).at("name") == "last");
  CHECK(models.at(1).at("name") == "second");
  for (size_t m = 0; m < 2; ++m) {
    const Outcome alone = lafs(Arguments{"eval", m == 0 ? first : second} + on + Arguments{"--json"});
    REQUIRE_MESSAGE(alone.status == 0, alone.err);
    CHECK(metric(models.at(m), "accuracy") == metric(nlohmann::json::parse(alone.out), "accuracy"));
  }
  CHECK(nlohmann::json::parse(both.out).at("differences").at(0).at("paired") == true);
  const Outcome kept = lafs({"compare", measured / "both/last.json", measured / "both/second.json"});
  REQUIRE_MESSAGE(kept.status == 0, kept.err);
  const Outcome text = lafs(Arguments{"eval", first, second} + on);
  CHECK(text.out.ends_with(kept.out));
}

TEST_CASE("eval: several models that cannot be measured side by side are refused before any work") {
  const Measured measured;
  const std::string first = measured / "out/checkpoints/last", second = measured / "out/checkpoints/best";
  CHECK(lafs({"eval", first, second}).err ==
        "lafs: error: several models are measured on one set or by one recipe: give --on or --recipe\n");
  CHECK(lafs({"eval", first, first, "--on", measured / "faces"}).err == "lafs: error: the model " + in_quotes(first) + " is given twice\n");
  write_bytes(measured / "file", "mine");
  CHECK(lafs({"eval", first, second, "--on", measured / "faces", "--out", measured / "file", "--force"}).err ==
        "lafs: error: " + in_quotes(measured / "file") +
            " is not a folder: the results of several models are written to a folder, a file for each\n");
  fs::create_directories(measured / "kept");
  write_bytes(measured / "kept/last.json", "mine");
  CHECK(lafs({"eval", first, second, "--on", measured / "faces", "--out", measured / "kept"}).err ==
        "lafs: error: " + in_quotes(measured / "kept/last.json") + " exists; --force overwrites it\n");
  CHECK(read_bytes(measured / "kept/last.json") == "mine");
}

TEST_CASE("show hardest: the pictures of a run and of a file of eval, and in the run's report") {
  const Measured measured;
  REQUIRE(measured.eval({"--on", measured / "faces", "--out", measured / "r.json"}).status == 0);
  const auto show = [&](const fs::path& results, const Arguments& more = {}) {
    return lafs(Arguments{"show", "hardest", results, "--out", measured / "h.png", "--force"} + more);
  };
  const Outcome of_file = show(measured / "r.json");
  REQUIRE_MESSAGE(of_file.status == 0, of_file.err);
  const Image whole = imaging::read_image(measured / "h.png");
  CHECK(of_file.err.ends_with((measured / "h.png").string() + ": " + std::to_string(whole.width) + " x " + std::to_string(whole.height) +
                              " pixels\n"));
  REQUIRE(show(measured / "r.json", {"--evaluator", "retrieval", "-n", "2"}).status == 0);
  const Image two = imaging::read_image(measured / "h.png");
  CHECK(two.height < whole.height);
  CHECK(two.width < whole.width);
  const Outcome of_run = show(measured / "out");
  REQUIRE_MESSAGE(of_run.status == 0, of_run.err);
  CHECK(read_bytes(measured / "out/report.html").find("src=\"data:image/jpeg;base64,") != std::string::npos);
}

TEST_CASE("show hardest: results without pictures are refused with what to do") {
  const Measured measured;
  const auto refusal = [&](const fs::path& results, const Arguments& more = {}) {
    return lafs(Arguments{"show", "hardest", results, "--out", measured / "h.png"} + more).err;
  };
  REQUIRE(measured
              .eval({"--on", measured / "faces", "--out", measured / "r.json", "--set", "evaluator.0.hardest=0", "--set",
                     "evaluator.1.hardest=0"})
              .status == 0);
  CHECK(refusal(measured / "r.json") ==
        "lafs: error: no list in " + in_quotes(measured / "r.json") +
            " names pictures that can be read; verification and retrieval list them, as many as their option hardest says\n");
  CHECK(refusal(measured / "r.json", {"--evaluator", "retrieva"}) ==
        "lafs: error: no evaluator \"retrieva\"; did you mean \"retrieval\"?\n");
  auto json = nlohmann::json::parse(read_bytes(measured / "r.json"));
  json.erase("recipe");
  write_bytes(measured / "old.json", json.dump());
  CHECK(refusal(measured / "old.json") == "lafs: error: " + in_quotes(measured / "old.json") +
                                              " does not say on which pictures it was measured; write it again with lafs eval\n");
  CHECK_FALSE(fs::exists(measured / "h.png"));
}

TEST_CASE("eval on: a path that holds no set is refused, and the error says what it is") {
  const Measured measured;
  const auto refusal = [&](const Arguments& more) { return measured.eval(more).err; };
  CHECK(refusal({"--on", measured / "nothing"}) == "lafs: error: " + in_quotes(measured / "nothing") + " does not exist\n");
  CHECK(refusal({"--on", measured / "set.bin", "--recipe", measured.recipe()}) == "lafs: error: give --on or --recipe, not both\n");
  fs::create_directories(measured / "one/p0");
  fs::copy_file(measured / "faces/p0/0.png", measured / "one/p0/0.png");
  CHECK(refusal({"--on", measured / "one"}) ==
        "lafs: error: " + in_quotes(measured / "one") + " has no person with two pictures: there is nothing to compare\n");
  const fs::path old = fs::path(LAFS_TEST_SOURCE) / "tests/fuzz/corpus/face_bin/protocol0_py2_bytes.bin";
  CHECK(refusal({"--on", old}).find("is a verification set") == std::string::npos);  // it is taken as one, and is too small
  write_bytes(measured / "page.bin", "<!doctype html><html>");
  CHECK(refusal({"--on", measured / "page.bin"}).find("is an HTML page") != std::string::npos);
}

TEST_CASE("diagnose: a contract that is not the model's, weights that were hardly trained, and JSON") {
  const Measured measured;
  const Arguments common{"diagnose", measured / "out/checkpoints/last", "--on", measured / "faces", "--quiet", "--seconds", "1"};
  const Outcome other = lafs(common + Arguments{"--json", "--pairs", "120", "--set", "input.colour=bgr"});
  REQUIRE_MESSAGE(other.status == 3, other.err);
  const auto json = nlohmann::json::parse(other.out);
  CHECK(json.at("verdict") == "problem found");
  CHECK(json.at("sentences").at(0) == "the model was trained with another input than is given: colour rgb against bgr");
  CHECK(json.at("trials").size() >= 12);
  const Outcome few = lafs(common + Arguments{"--pairs", "20"});
  // Twelve steps leave the matrices as they were drawn, and that is said; but they move every scale and bias.
  CHECK_MESSAGE(
      few.out.find("weights: 5 of 5 matrices have the spectrum of random numbers, 0 of 10 scales and biases") != std::string::npos,
      few.out);
  CHECK(few.out.find("look untrained") == std::string::npos);
  CHECK(lafs({"diagnose", measured / "out", "--pairs", "2"}).status == 2);
  CHECK(lafs({"diagnose", "--help"}).out.find("folder per person, a record set; IJB and TinyFace have none\n") != std::string::npos);
}

TEST_CASE("diagnose: stored features have no network to look into") {
  const Measured measured;
  REQUIRE(lafs({"embed", measured / "out/checkpoints/last", measured / "faces", "--out", measured / "f.npy", "--quiet"}).status == 0);
  const Outcome outcome = lafs({"diagnose", measured / "f.npy", "--on", measured / "faces"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "lafs: error: " + in_quotes(measured / "f.npy") +
                           " holds features, and a diagnosis looks into the network that made them: name the model itself\n");
  CHECK(lafs({"eval", measured / "f.npy", "--on", measured / "faces", "--input", "{ colour = \"bgr\" }"}).err ==
        "lafs: error: --input has no effect on stored features, which were made before; leave it out\n");
}

}  // namespace
}  // namespace lafs::test
