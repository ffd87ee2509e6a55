/// Runs whose pictures change, or turn out to be damaged, on the way.
#include <sys/stat.h>

#include <doctest/doctest.h>

#include <fmt/format.h>

#include "lafs/rng.h"
#include "plugins/data_source/materials.h"
#include "tiny.h"

namespace lafs::test {
namespace {

constexpr int64_t people = 4, per_person = 12;

/// Grey noise of one size, as PGM: every picture has as many bytes as every other.
std::string noise(uint64_t number) {
  Rng rng(number);
  std::string bytes = "P5\n32 32\n255\n";
  for (int i = 0; i < 32 * 32; ++i) bytes += static_cast<char>(rng.integer(0, 256));
  return bytes;
}

/// The tiny recipe on a folder of 48 such pictures, in 30 epochs of 6 steps, a checkpoint every fourth.
class Folder {
 public:
  Folder() : tiny(text()) {
    for (int64_t i = 0; i < people * per_person; ++i) {
      fs::create_directories(file(i).parent_path());
      write_bytes(file(i), noise(static_cast<uint64_t>(i)));
    }
  }
  fs::path file(int64_t i) const { return tiny / fmt::format("faces/p{}/{:02}.pgm", i / per_person, i % per_person); }
  Outcome run(const Arguments& more = {}) const { return tiny.run("out", more); }
  /// Runs until there is a checkpoint, and stops.
  void stop_half_way() const {
    Program program(command(tiny.arguments("out")));
    wait_for_lines(program, tiny / "out" / "metrics.jsonl", 10);
    program.signal(SIGINT);
    REQUIRE(program.wait().status == 130);
  }
  /// The fingerprint by names and sizes, which runs of before recorded.
  std::string names() const { return source("image_folder", "root = \"" + (tiny / "faces").string() + "\"")->fingerprint(); }
  void rewrite(const fs::path& file, const std::string& key, const std::string& value) const {
    auto json = json_file(file);
    json[key] = value;
    write_bytes(file, json.dump());
  }
  nlohmann::json session() const { return json_file(tiny / "out" / "manifest.json").at("sessions").back(); }
  std::string print() const { return session().at("data_fingerprint"); }

  const Tiny tiny;

 private:
  static std::string text() {
    std::string all = tiny_text;
    const std::string before = "use = \"synthetic_faces\"\nidentities = 8\nper_identity = 6\nsize = 32\n";
    all.replace(all.find(before), before.size(), "use = \"image_folder\"\nroot = \"faces\"\n");
    all.replace(all.find("epochs = 2"), 10, "epochs = 30\ncheckpoint_every = 4\nevaluate_every = 0");
    return all;
  }
};

void exchange(const fs::path& a, const fs::path& b) {
  const std::string bytes = read_bytes(a);
  write_bytes(a, read_bytes(b));
  write_bytes(b, bytes);
}

TEST_CASE("run: pictures exchanged under the same names end it, and are accepted only with a reason, which is kept") {
  const Folder folder;
  folder.stop_half_way();
  const std::string before = folder.print();
  exchange(folder.file(3), folder.file(40));
  const Outcome refused = folder.run();
  CHECK(refused.status == 1);
  const std::string out = (folder.tiny / "out").string();
  const std::string start = "lafs: error: \"" + out + "\" was trained on other data (fingerprint " + before + ", now ";
  REQUIRE_MESSAGE(refused.err.starts_with(start), refused.err);
  const std::string now = refused.err.substr(start.size(), 32);
  CHECK(refused.err == start + now + "); restore that data, give another --out, or go on with --accept-data REASON, which is recorded\n");
  CHECK(folder.print() == before);

  const Outcome empty = folder.run({"--accept-data", " "});
  CHECK(empty.status == 2);
  CHECK(empty.err == "lafs run: error: --accept-data: say in a few words why the data may differ; see lafs run --help\n");
  const Outcome other = folder.run({"--accept-data", "labels were wrong", "--set", "optimizer.lr=2e-3"});
  CHECK(other.status == 1);
  CHECK(other.err.find("holds a run of another recipe") != std::string::npos);

  const auto step = json_file(folder.tiny / "out" / "checkpoints" / "last" / "state.json").at("step").get<int64_t>();
  const Outcome accepted = folder.run({"--accept-data", "labels were wrong"});
  REQUIRE_MESSAGE(accepted.status == 0, accepted.err);
  CHECK(folder.session().at("accepted_data") ==
        nlohmann::json{{"before", before}, {"now", now}, {"reason", "labels were wrong"}, {"from_step", step}});
  CHECK(json_file(folder.tiny / "out" / "results.json").at("data_fingerprint") == now);
  CHECK(read_bytes(folder.tiny / "out" / "report.html").find("labels were wrong") != std::string::npos);
  const Outcome again = folder.run();
  CHECK_MESSAGE(again.status == 0, again.err);
  CHECK_FALSE(folder.session().contains("accepted_data"));
}

TEST_CASE("run: a copy of the data, and touched pictures, are the same data") {
  const Folder folder;
  folder.stop_half_way();
  const std::string before = folder.print();
  fs::copy(folder.tiny / "faces", folder.tiny / "copy", fs::copy_options::recursive);
  for (int64_t i = 0; i < people * per_person; ++i) fs::last_write_time(folder.file(i), fs::file_time_type::clock::now());
  const Outcome outcome = folder.run({"--set", "data_source.root=" + (folder.tiny / "copy").string()});
  CHECK_MESSAGE(outcome.status == 0, outcome.err);
  CHECK(folder.print() == before);
}

TEST_CASE("run: one whose fingerprint is of names and sizes goes on with a note, once; from then on contents count") {
  const Folder folder;
  folder.stop_half_way();
  const fs::path out = folder.tiny / "out", state = out / "checkpoints" / "last" / "state.json";
  const std::string contents = folder.print(), names = folder.names();
  CHECK(contents != names);
  folder.rewrite(state, "data_fingerprint", names);
  auto manifest = json_file(out / "manifest.json");
  for (auto* session : {&manifest, &manifest["sessions"].back()}) (*session)["data_fingerprint"] = names;
  write_bytes(out / "manifest.json", manifest.dump());
  const std::string old_state = read_bytes(state);

  Arguments loud = folder.tiny.arguments("out", {"--set", "run.damaged_limit=7"});
  loud.erase(std::find(loud.begin(), loud.end(), "--quiet"));
  Program program(command(loud));
  wait_for_lines(program, out / "metrics.jsonl", 14);
  program.signal(SIGINT);
  const Outcome first = program.wait();
  CHECK(first.err.find("the run is from before the contents of pictures were part of the fingerprint") != std::string::npos);
  CHECK(folder.print() == contents);
  CHECK(json_file(out / "checkpoints" / "last" / "state.json").at("data_fingerprint") == contents);

  SUBCASE("also where only the manifest knows, because no checkpoint followed") {
    write_bytes(out / "checkpoints" / "last" / "state.json", old_state);
  }
  SUBCASE("as the checkpoint says") {}
  exchange(folder.file(1), folder.file(2));
  const Outcome refused = folder.run();
  CHECK(refused.status == 1);
  CHECK(refused.err.find("was trained on other data (fingerprint " + contents + ", now ") != std::string::npos);
  exchange(folder.file(1), folder.file(2));
  CHECK(folder.run().status == 0);
}

TEST_CASE("run: data with fewer people cannot be accepted by a classifier, data with fewer pictures can") {
  const Folder folder;
  folder.stop_half_way();
  fs::remove(folder.file(5));
  const Outcome fewer = folder.run({"--accept-data", "one picture was removed"});
  CHECK_MESSAGE(fewer.status == 0, fewer.err);
  fs::remove_all(folder.tiny / "faces" / "p3");
  const Outcome outcome = folder.run({"--accept-data", "p3 asked to be removed"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err ==
        "lafs: error: \"" + (folder.tiny / "out").string() +
            "\" was trained on 4 identities, the data now has 3: its classifier has no place for them, so this data cannot be "
            "accepted; keep every identity, or give another --out\n");
}

TEST_CASE("run: a damaged picture ends it with the ways on, and one of them is to skip it from there on") {
  const Folder folder;
  fs::resize_file(folder.file(17), 100);
  const Outcome straight = folder.tiny.run("straight", {"--set", "run.damaged=skip"});
  REQUIRE_MESSAGE(straight.status == 0, straight.err);
  const std::string name = folder.file(17).string(), reason = "truncated PGM: 87 bytes of pixels where 1024 are needed";

  const Outcome ended = folder.run({"--set", "run.checkpoint_every=1"});
  CHECK(ended.status == 1);
  CHECK(ended.err == "lafs: error: \"" + name + "\": " + reason +
                         "\nto go on, repair or remove it and say so with --accept-data REASON, or leave such pictures out with --set "
                         "run.damaged=skip; `lafs data check` finds all of them\n");
  const Outcome on = folder.run({"--set", "run.damaged=skip"});
  CHECK_MESSAGE(on.status == 0, on.err);
  CHECK(trained(folder.tiny / "out") == trained(folder.tiny / "straight"));
  const std::string list = (folder.tiny / "out" / "damaged.tsv").string();
  CHECK(on.err == "damaged pictures left out, with others in their place: 1; they are listed in " + list + "\n");
  CHECK(read_bytes(list) == "key\treason\tinstead\np1/05.pgm\t\"" + name + "\": " + reason + "\tp1/06.pgm\n");
  CHECK(json_file(folder.tiny / "out" / "results.json").at("damaged_pictures") == "1");
  CHECK(read_bytes(folder.tiny / "out" / "report.html").find("damaged pictures left out while training, with others in their place: 1;") !=
        std::string::npos);

  const Outcome limited = folder.tiny.run("limited", {"--set", "run.damaged=skip", "--set", "run.damaged_limit=0"});
  CHECK(limited.status == 1);
  CHECK(limited.err.starts_with("lafs: error: \"" + name + "\": " + reason + "\nthis and the 0 pictures before it cannot be read"));

  write_bytes(folder.file(17), noise(17));
  const Outcome repaired = folder.run({"--accept-data", "p1/05 downloaded again"});
  CHECK_MESSAGE(repaired.status == 0, repaired.err);
  CHECK(folder.session().at("accepted_data").at("reason") == "p1/05 downloaded again");
  CHECK(folder.run().status == 0);  // it was accepted for good
  exchange(folder.file(1), folder.file(2));
  CHECK(folder.run().status == 1);
}

TEST_CASE("run: a finished stage of a row follows the contents, takes a fingerprint of names once, and may go on with other data") {
  const Folder folder;
  std::string row = read_bytes(folder.tiny.recipe());
  row.replace(row.find("epochs = 30"), 11, "epochs = 1");
  row += "[row]\n[[stage]]\nname = \"first\"\n";
  write_bytes(folder.tiny.recipe(), row);
  REQUIRE(folder.run().status == 0);
  const fs::path results = folder.tiny / "out" / "first" / "results.json";
  const std::string contents = json_file(results).at("data_fingerprint");
  CHECK(contents != folder.names());
  folder.rewrite(results, "data_fingerprint", folder.names());
  const Outcome kept = folder.run();
  CHECK_MESSAGE(kept.status == 0, kept.err);
  CHECK(json_file(results).at("data_fingerprint") == contents);
  exchange(folder.file(1), folder.file(2));
  const Outcome refused = folder.run();
  CHECK(refused.status == 1);
  CHECK(refused.err.find("was trained on other data (fingerprint " + contents + ", now ") != std::string::npos);
  const Outcome accepted = folder.run({"--accept-data", "one and two were exchanged"});
  CHECK_MESSAGE(accepted.status == 0, accepted.err);
  CHECK(json_file(results).at("data_fingerprint") != contents);
  CHECK(folder.run().status == 0);
}

TEST_CASE("data check: every damaged picture and every identity without a whole one is listed, and the exit status says so") {
  const Folder folder;
  const std::string root = (folder.tiny / "faces").string();
  const Outcome whole = lafs({"data", "check", root, "--quiet", "--decode-only"});
  CHECK(whole.status == 0);
  CHECK(whole.out == "48 pictures of 4 identities: all whole\n");
  for (int64_t i = 12; i < 24; ++i) fs::resize_file(folder.file(i), 100);
  write_bytes(folder.file(30), "<html>");
  const Outcome outcome = lafs({"data", "check", root, "--quiet", "--decode-only"});
  CHECK(outcome.status == 1);
  std::string expected;
  for (int64_t i = 12; i < 24; ++i)
    expected += "\"" + folder.file(i).string() + "\": truncated PGM: 87 bytes of pixels where 1024 are needed\n";
  expected += "\"" + folder.file(30).string() + "\": is a web page (HTML), not a picture; the download went wrong\n";
  expected += "identity 1 has no whole picture: 12 of 12 are damaged, the first \"p1/00.pgm\"\n";
  expected += "48 pictures of 4 identities: 13 damaged; identities without a whole picture: 1\n";
  CHECK(outcome.out == expected);

  const Outcome skipping = lafs({"data", "check", "--quiet", "--decode-only", "--source",
                                 "{ use = \"image_folder\", root = \"" + root + "\", on_damaged = \"skip\" }"});
  CHECK(skipping.status == 1);
  CHECK(skipping.out.ends_with(
      "identity 1 has no picture\n48 pictures of 4 identities: 13 damaged, 13 of them left out by on_damaged; identities "
      "without a whole picture: 1\n"));
  const auto json = nlohmann::json::parse(lafs({"data", "check", root, "--quiet", "--json"}).out);
  CHECK(json.at("damaged").size() == 13);
  CHECK(json.at("damaged").at(0).at("key") == "p1/00.pgm");
  CHECK(json.at("identities_without_a_whole_picture") ==
        nlohmann::json::array({{{"identity", 1}, {"pictures", 12}, {"first", "p1/00.pgm"}}}));

  const Outcome packed = lafs({"data", "pack", root, "--out", folder.tiny / "set", "--quiet"});
  CHECK(packed.status == 1);
  CHECK(packed.err.starts_with(
      "lafs: error: damaged pictures: 13 of 48; nothing was written:\n  image 12 \"p1/00.pgm\": truncated PGM: 87 bytes"));
  CHECK(!fs::exists(folder.tiny / "set"));
}

TEST_CASE("data pack: a folder that exists stays the same one") {
  const Folder folder;
  const fs::path set = folder.tiny / "set";
  fs::create_directories(set);
  struct stat before{}, after{};
  ::stat(set.c_str(), &before);
  for (int n = 0; n < 2; ++n) {
    const Outcome outcome = lafs({"data", "pack", folder.tiny / "faces", "--out", set, "--quiet", "--force"});
    CHECK_MESSAGE(outcome.status == 0, outcome.err);
    ::stat(set.c_str(), &after);
    CHECK(before.st_ino == after.st_ino);
    CHECK(lafs({"data", "check", set, "--quiet", "--decode-only"}).out == "48 pictures of 4 identities: all whole\n");
    CHECK(lafs({"data", "info", set}).status == 0);
    int64_t files = 0;
    for (const auto& entry : fs::directory_iterator(set)) files += entry.path().filename().string()[0] != '.';
    CHECK(files == 4);  // records, index, property, names of the people
  }
}

TEST_CASE("embed: features whose fingerprint is of names and sizes are kept with a note, and later changes are found") {
  const Folder folder;
  REQUIRE(folder.run({"--set", "run.epochs=1"}).status == 0);
  const auto embed = [&] { return lafs({"embed", folder.tiny / "out", "--out", folder.tiny / "f.npy", "--quiet", "--device", "cpu"}); };
  REQUIRE(embed().status == 0);
  const fs::path facts = folder.tiny / "f.npy.json";
  const std::string contents = json_file(facts).at("data_fingerprint");
  folder.rewrite(facts, "data_fingerprint", folder.names());
  const Outcome kept = embed();
  CHECK(kept.status == 0);
  CHECK(kept.err ==
        "the features are from before the contents of pictures were part of the fingerprint: names, sizes and labels are the same\n");
  CHECK(kept.out.ends_with("the file was complete already\n"));
  CHECK(json_file(facts).at("data_fingerprint") == contents);
  CHECK(embed().err == "");
  exchange(folder.file(0), folder.file(20));
  const Outcome refused = embed();
  CHECK(refused.status == 1);
  CHECK(refused.err.find("holds other features: data_fingerprint = \"" + contents + "\", not \"") != std::string::npos);
}

}  // namespace
}  // namespace lafs::test
