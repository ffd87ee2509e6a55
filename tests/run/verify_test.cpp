#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "imaging/decode.h"
#include "imaging/encode.h"
#include "tiny.h"

namespace lafs::test {
namespace {

/// A run, and three pictures of other people beside it.
class Trained {
 public:
  Trained() {
    REQUIRE(tiny_.run("run").status == 0);
    for (int p = 0; p < 3; ++p) {
      std::vector<uint8_t> bytes(size_t{40} * 40 * 3);
      for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * static_cast<size_t>(p + 2) / 5 % 251);
      const std::vector<uint8_t> png = imaging::encode_png(imaging::image_of(40, 40, std::move(bytes)));
      fs::create_directories(picture(p).parent_path());
      write_bytes(picture(p), std::string(png.begin(), png.end()));
    }
  }

  fs::path operator/(const std::string& name) const { return tiny_ / name; }
  fs::path picture(int person) const { return tiny_ / fmt::format("faces/{}/a.png", person); }
  Outcome verify(int first, int second, const Arguments& more = {}) const {
    return lafs(Arguments{"verify", tiny_ / "run", picture(first), picture(second)} + more);
  }

  /// The same from the features that lafs embed writes.
  double cosine(int first, int second) const {
    const fs::path file = tiny_ / "faces.npy";
    if (!fs::exists(file)) REQUIRE(lafs({"embed", tiny_ / "run", tiny_ / "faces", "--out", file}).status == 0);
    const std::string npy = read_bytes(file);
    uint16_t header = 0;
    std::memcpy(&header, npy.data() + 8, sizeof header);
    const size_t width = (npy.size() - 10 - header) / 3 / sizeof(float);
    std::vector<float> rows(3 * width);
    std::memcpy(rows.data(), npy.data() + 10 + header, rows.size() * sizeof(float));
    double product = 0, one = 0, other = 0;
    for (size_t i = 0; i < width; ++i) {
      const double a = rows[static_cast<size_t>(first) * width + i], b = rows[static_cast<size_t>(second) * width + i];
      product += a * b, one += a * a, other += b * b;
    }
    return product / std::sqrt(one * other);
  }

 private:
  Tiny tiny_;
};

TEST_CASE("verify: the score is the cosine of the embeddings of lafs embed, and one for a picture with itself") {
  const Trained trained;
  for (const auto& [first, second] : {std::pair(0, 1), std::pair(1, 2), std::pair(2, 0)}) {
    const Outcome outcome = trained.verify(first, second, {"--json"});
    CHECK_MESSAGE(outcome.status == 0, outcome.err);
    const auto json = nlohmann::json::parse(outcome.out);
    CHECK(json["score"].get<double>() == doctest::Approx(trained.cosine(first, second)).epsilon(1e-5));
    CHECK(json["decisions"].empty());
  }
  CHECK(trained.verify(0, 0).out == "score 1.000000\n");
}

TEST_CASE("verify: a threshold is a number, or all of a file of lafs threshold") {
  const Trained trained;
  const double score = trained.cosine(0, 1);
  const std::string said = fmt::format("score {:.6f}\n", score), below = fmt::format("{:.3f}", score - 0.01);
  CHECK(trained.verify(0, 1, {"--threshold", below}).out == said + fmt::format("accepted: the threshold is {}\n", std::stod(below)));
  CHECK(trained.verify(0, 1, {"--threshold", "1"}).out == said + "not accepted: the threshold is 1\n");
  const Outcome thresholds = lafs({"threshold", trained / "run", "--far", "0.5", "0.1", "--json"});
  REQUIRE(thresholds.status == 0);
  write_bytes(trained / "threshold.json", thresholds.out);
  const auto of_file = nlohmann::json::parse(thresholds.out)[0]["thresholds"];
  const Outcome text = trained.verify(0, 1, {"--threshold", trained / "threshold.json"});
  std::string expected = said;
  for (const auto& row : of_file)
    expected += fmt::format("{} at FAR {:g}: the threshold is {}, which accepts {:.2f} % of the pairs of one person of \"verification\"\n",
                            score >= row["threshold"].get<double>() ? "accepted" : "not accepted", row["far"].get<double>(),
                            row["threshold"].get<double>(), 100 * row["tar"].get<double>());
  CHECK(text.out == expected);
  const auto json = nlohmann::json::parse(trained.verify(0, 1, {"--threshold", trained / "threshold.json", "--json"}).out);
  CHECK(json["decisions"].size() == 2);
  CHECK(json["decisions"][0]["accepted"].get<bool>() == (score >= of_file[0]["threshold"].get<double>()));
}

TEST_CASE("verify: a rate that no score is strict enough for accepts nothing, and is said") {
  const Trained trained;
  write_bytes(
      trained / "strict.json",
      R"([{"evaluator": "a", "thresholds": [{"far": 0.5, "tar": 1, "threshold": -1}, {"far": 0.1, "tar": 0, "threshold": null}]}])");
  const Outcome outcome = trained.verify(0, 0, {"--threshold", trained / "strict.json"});
  CHECK(outcome.out ==
        "score 1.000000\naccepted at FAR 0.5: the threshold is -1, which accepts 100.00 % of the pairs of one person of \"a\"\n"
        "not accepted at FAR 0.1: no score is strict enough, as the most alike pair of \"a\" is of two people\n");
  const auto json = nlohmann::json::parse(trained.verify(0, 0, {"--threshold", trained / "strict.json", "--json"}).out);
  CHECK(json["decisions"][1]["threshold"].is_null());
  CHECK(!json["decisions"][1]["accepted"].get<bool>());
}

TEST_CASE("verify: the pair that a threshold was chosen at is accepted") {
  const Trained trained;
  std::string pairs;
  for (int again = 0; again < 10; ++again) {  // a pair for each fold
    for (const auto& [first, second] : {std::pair(0, 1), std::pair(1, 2), std::pair(2, 0)})
      pairs += fmt::format("{}/a.png {}/a.png {}\n", first, second, first == 1 ? 1 : 0);
  }
  write_bytes(trained / "pairs.txt", pairs);
  const Outcome thresholds = lafs(
      {"threshold", trained / "run", "--far", "0.5", "--on", trained / "pairs.txt", "--pictures", trained / "faces", "--json", "--quiet"});
  REQUIRE_MESSAGE(thresholds.status == 0, thresholds.err);
  write_bytes(trained / "threshold.json", thresholds.out);
  const double first = trained.cosine(0, 1), last = trained.cosine(2, 0);
  const Outcome more = first > last ? trained.verify(0, 1, {"--threshold", trained / "threshold.json"})
                                    : trained.verify(2, 0, {"--threshold", trained / "threshold.json"});
  CHECK_MESSAGE(more.out.find("\naccepted at FAR 0.5") != std::string::npos, more.out);
}

TEST_CASE("verify: thresholds of another model, or of another checkpoint of the run, are noted") {
  const Trained trained;
  const Outcome thresholds = lafs({"threshold", trained / "run", "--far", "0.5", "--json"});
  write_bytes(trained / "threshold.json", thresholds.out);
  CHECK(trained.verify(0, 1, {"--threshold", trained / "threshold.json"}).err == "");
  const Arguments rest{trained.picture(0), trained.picture(1), "--threshold", trained / "threshold.json"};
  const fs::path checkpoints = trained / "run/checkpoints";
  const std::string best = in_quotes(fs::canonical(checkpoints / "best")), warning = "warning: the thresholds belong to " + best;
  CHECK(lafs(Arguments{"verify", checkpoints / "best"} + rest).err == "");
  const std::string of_last = lafs(Arguments{"verify", checkpoints / "last"} + rest).err;
  CHECK(of_last.starts_with(fs::equivalent(checkpoints / "best", checkpoints / "last") ? "" : warning));
  fs::copy(trained / "run", trained / "other", fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  CHECK(lafs(Arguments{"verify", trained / "other"} + rest).err == warning + ", and mean nothing for the scores of another model\n");
  write_bytes(
      trained / "threshold.json",  // as earlier versions wrote it, of the run
      R"([{"evaluator": "a", "model": ")" + (trained / "run").string() + R"(", "thresholds": [{"far": 0.5, "tar": 1, "threshold": -1}]}])");
  CHECK(trained.verify(0, 1, {"--threshold", trained / "threshold.json"}).err == "");
}

TEST_CASE("verify: pictures that are squeezed are noted") {
  const Trained trained;
  const std::vector<uint8_t> png = imaging::encode_png(imaging::image_of(20, 40, std::vector<uint8_t>(size_t{20} * 40 * 3, 90)));
  write_bytes(trained / "wide.png", std::string(png.begin(), png.end()));
  const Outcome outcome = lafs({"verify", trained / "run", trained / "wide.png", trained.picture(0)});
  CHECK(outcome.status == 0);
  CHECK(outcome.err == "pictures such as one of 40 x 20 pixels are squeezed to the input of 32 x 32, as they have other proportions\n");
}

TEST_CASE("verify: what it refuses") {
  const Trained trained;
  const auto told = [&](const Arguments& arguments, const std::string& text) {
    const Outcome outcome = lafs(Arguments{"verify", trained / "run"} + arguments);
    CHECK(outcome.status == 1);
    CHECK(outcome.err == "lafs: error: " + text + "\n");
    CHECK(outcome.out == "");
  };
  const fs::path one = trained.picture(0), two = trained.picture(1), missing = trained / "none.png", text = trained / "tiny.toml";
  told({one, two, "--threshold", "2"}, "2 is no threshold: scores lie between -1 and 1");
  told({one, two, "--threshold", missing}, in_quotes(missing) + " is not a number, and there is no such file of lafs threshold --json");
  told({one, two, "--threshold", trained / "run"}, in_quotes(trained / "run") + " is neither a number nor a file of lafs threshold --json");
  told({one, two, "--threshold", text}, in_quotes(text) + " holds no thresholds: give a file of lafs threshold MODEL --far RATE --json");
  for (const char* empty : {"[]", "{}", "null"}) {
    write_bytes(trained / "empty.json", empty);
    told({one, two, "--threshold", trained / "empty.json"},
         in_quotes(trained / "empty.json") + " holds no thresholds: give a file of lafs threshold MODEL --far RATE --json");
  }
  told({one, two, "--threshold", ""}, "\"\" is neither a number nor a file of lafs threshold --json");
  told({one, missing}, in_quotes(missing) + " cannot be read: No such file or directory");
  told({one, text}, in_quotes(text) + ": is not a JPEG, PNG, WebP, BMP, TIFF or PNM image");
}

}  // namespace
}  // namespace lafs::test
