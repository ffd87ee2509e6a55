#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>

#include <doctest/doctest.h>

#include "formats/npy.h"
#include "formats/safetensors.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "tiny.h"

namespace lafs::test {
namespace {

/// A trained tiny model of 48 pictures; four make a chunk.
class Trained {
 public:
  Trained() { REQUIRE(tiny.run("out", {"--set", "run.epochs=1", "--set", "run.evaluate_every=0"}).status == 0); }
  Outcome embed(const std::string& out, const Arguments& more = {}) const {
    return lafs(Arguments{"embed", tiny / "out", "--out", tiny / out, "--batch", "1", "--device", "cpu"} + more);
  }
  std::string rows(const std::string& npy, int64_t width = 24) const {
    const std::string bytes = read_bytes(tiny / npy), header = formats::npy_header("F32", {48, width});
    REQUIRE(bytes.starts_with(header));
    return bytes.substr(header.size());
  }
  const Tiny tiny;
};

std::vector<float> numbers(const std::string& bytes) {
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

TEST_CASE("embed: the same rows in both formats, with keys, identities and facts") {
  const Trained trained;
  const Outcome npy = trained.embed("a.npy", {"--quiet"});
  REQUIRE_MESSAGE(npy.status == 0, npy.err);
  CHECK(npy.out == (trained.tiny / "a.npy").string() + ": 48 pictures of 8 identities, 24 numbers each\n");
  CHECK(npy.err == "");
  REQUIRE(trained.embed("b.safetensors").status == 0);
  const formats::SafetensorsReader reader(trained.tiny / "b.safetensors");
  reader.verify();
  const auto bytes = reader.bytes(*reader.find("features"));
  CHECK(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == trained.rows("a.npy"));
  std::vector<int64_t> identities(48);
  std::memcpy(identities.data(), reader.bytes(*reader.find("identities")).data(), sizeof(int64_t) * 48);
  for (int64_t i = 0; i < 48; ++i) CHECK(identities[static_cast<size_t>(i)] == i / 6);

  const std::string keys = read_bytes(trained.tiny / "a.npy.tsv");
  CHECK(keys.starts_with("row\tkey\tidentity\n0\t"));
  CHECK(keys.find("\n47\t") != std::string::npos);
  CHECK(keys.ends_with("\t7\n"));
  const auto facts = nlohmann::json::parse(read_bytes(trained.tiny / "a.npy.json"));
  CHECK(facts.at("rows") == 48);
  CHECK(facts.at("width") == 24);
  CHECK(facts.at("step") == 6);
  CHECK(reader.metadata().at("weights") == facts.at("weights"));
  CHECK(!fs::exists(trained.tiny / "a.npy.partial"));
  CHECK(!fs::exists(trained.tiny / "a.npy.partial.json"));
}

TEST_CASE("embed: a key with a tab or a new line in it keeps to its column") {
  const Trained trained;
  const std::vector<uint8_t> picture = imaging::encode_png(imaging::image_of(32, 32, std::vector<uint8_t>(32 * 32 * 3, 90)));
  fs::create_directories(trained.tiny / "faces" / "ann\tb");
  write_bytes(trained.tiny / "faces" / "ann\tb" / "c:\\d\n.png", std::string(picture.begin(), picture.end()));
  const Outcome outcome = trained.embed("a.npy", {trained.tiny / "faces"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(read_bytes(trained.tiny / "a.npy.tsv") == "row\tkey\tidentity\n0\tann\\tb/c:\\\\d\\n.png\t0\n");
}

TEST_CASE("embed: picture and mirror side by side are the terms of their sum") {
  const Trained trained;
  for (const std::string flip : {"none", "both", "sum"}) REQUIRE(trained.embed(flip + ".npy", {"--flip", flip}).status == 0);
  const auto none = numbers(trained.rows("none.npy")), both = numbers(trained.rows("both.npy", 48)), sum = numbers(trained.rows("sum.npy"));
  for (size_t r = 0; r < 48; ++r) {
    for (size_t d = 0; d < 24; ++d) {
      CHECK(both[48 * r + d] == none[24 * r + d]);
      CHECK(both[48 * r + d] + both[48 * r + 24 + d] == sum[24 * r + d]);
    }
  }
}

TEST_CASE("embed: a stopped run goes on after its last whole chunk, to the same bytes") {
  const Trained trained;
  REQUIRE(trained.embed("whole.npy").status == 0);
  const std::string rows = trained.rows("whole.npy");
  // What a kill leaves behind in the fifth chunk: 18 rows and a bit.
  write_bytes(trained.tiny / "part.npy.partial", rows.substr(0, 16 * 24 * 4) + std::string(2 * 24 * 4 + 7, '\0'));
  write_bytes(trained.tiny / "part.npy.partial.json", read_bytes(trained.tiny / "whole.npy.json"));
  const Outcome rest = trained.embed("part.npy");
  REQUIRE(rest.status == 0);
  CHECK(rest.err.starts_with("going on after 16 pictures\n48 of 48 pictures, "));
  CHECK(trained.rows("part.npy") == rows);
  const Outcome again = trained.embed("part.npy");
  CHECK(again.status == 0);
  CHECK(again.out.ends_with("24 numbers each; the file was complete already\n"));
}

TEST_CASE("embed: features of something else are never mixed or overwritten") {
  const Trained trained;
  REQUIRE(trained.embed("a.npy").status == 0);
  const std::string before = read_bytes(trained.tiny / "a.npy");
  const std::string a = (trained.tiny / "a.npy").string(), way_out = "; give another file, or start over with --force\n";
  const Outcome other = trained.embed("a.npy", {"--flip", "none"});
  CHECK(other.status == 1);
  CHECK(other.err == "lafs: error: \"" + a + "\" holds other features: flip = \"contract\", not \"none\"" + way_out);
  CHECK(read_bytes(a) == before);
  CHECK(trained.embed("a.npy", {"--flip", "none", "--force"}).status == 0);
  CHECK(read_bytes(a) != before);
  fs::remove(trained.tiny / "a.npy.json");
  CHECK(trained.embed("a.npy").err == "lafs: error: \"" + a + "\" exists, but no \"" + (trained.tiny / "a.npy.json").string() +
                                          "\" says what it was made from" + way_out);
  CHECK(trained.embed("a.csv").err ==
        "lafs: error: \"" + (trained.tiny / "a.csv").string() + "\": features are written as .npy or .safetensors\n");
  CHECK(trained.embed("b.npy", {trained.tiny / "nowhere"}).err ==
        "lafs: error: \"" + (trained.tiny / "nowhere").string() + "\" does not exist\n");
}

TEST_CASE("embed: what fails before the first row leaves nothing behind") {
  const Trained trained;
  CHECK(trained.embed("a.npy", {"--class-tokens", "9"}).status == 1);
  CHECK(trained.embed("a.npy", {"--source", "{ use = \"synthetic_faces\" }", "--set", "run.seed=1"}).err ==
        "--set run.seed: error: the source is not a recipe, so only keys of paths can be set\n");
  CHECK(trained.embed("a.npy", {"--set", "run.precision=bf16"}).err ==
        "--set run.precision: error: only the pictures of this recipe are used, so only keys of data_source and paths can be set\n");
  for (const auto& entry : fs::directory_iterator(trained.tiny / "")) CHECK(!entry.path().filename().string().starts_with("a.npy"));
  fs::copy(trained.tiny / "out", trained.tiny / "other", fs::copy_options::recursive);
  const Outcome row = lafs({"embed", trained.tiny / "", "--out", trained.tiny / "a.npy"});
  CHECK(row.err == "lafs: error: \"" + (trained.tiny / "").string() + "\" holds the runs of a row; pick one with --stage: other, out\n");
}

TEST_CASE("embed: the folder of a row with one run stands for the run") {
  const Trained trained;
  REQUIRE(trained.embed("a.npy").status == 0);
  REQUIRE(lafs({"embed", trained.tiny / "", "--out", trained.tiny / "b.npy", "--batch", "1", "--device", "cpu"}).status == 0);
  CHECK(read_bytes(trained.tiny / "a.npy") == read_bytes(trained.tiny / "b.npy"));
}

TEST_CASE("embed: what starts over and fails leaves the features that are there") {
  const Trained trained;
  REQUIRE(trained.embed("a.npy").status == 0);
  const std::string rows = read_bytes(trained.tiny / "a.npy"), facts = read_bytes(trained.tiny / "a.npy.json");
  CHECK(trained.embed("a.npy", {"--force", "--class-tokens", "9"}).status == 1);
  CHECK(read_bytes(trained.tiny / "a.npy") == rows);
  CHECK(read_bytes(trained.tiny / "a.npy.json") == facts);
  CHECK(trained.embed("a.npy").out.ends_with("the file was complete already\n"));
}

TEST_CASE("embed: a file that another process writes is refused") {
  const Trained trained;
  const std::string partial = trained.tiny / "a.npy.partial";
  const int held = ::open(partial.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  REQUIRE(::flock(held, LOCK_EX) == 0);
  CHECK(trained.embed("a.npy").err == "lafs: error: \"" + partial + "\" is in use by another process\n");
  ::close(held);
  CHECK(trained.embed("a.npy").status == 0);
}

TEST_CASE("embed: pictures of another source, under the input contract of the model") {
  const Trained trained;
  const Outcome outcome =
      trained.embed("c.npy", {"--quiet", "--source", "{ use = \"synthetic_faces\", identities = 2, per_identity = 3, size = 32 }"});
  REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(outcome.out == (trained.tiny / "c.npy").string() + ": 6 pictures of 2 identities, 24 numbers each\n");
}

}  // namespace
}  // namespace lafs::test
