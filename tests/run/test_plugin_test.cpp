#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/program.h"

namespace lafs::test {
namespace {

namespace fs = std::filesystem;

/// The promises that `lafs test-plugin` names as broken.
std::vector<std::string> broken(const std::string& out) {
  std::vector<std::string> promises;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    const std::string mark = "    BROKEN  ";
    if (line.starts_with(mark)) promises.push_back(line.substr(mark.size()));
  }
  return promises;
}

Outcome tried(const fs::path& library) { return lafs({"test-plugin", library.string()}, {{"OMP_NUM_THREADS", "1"}}); }

TEST_CASE("test-plugin: a planted mistake is found, and the promise that it breaks is named") {
  const std::map<std::string, std::string> mistakes{
      {"wrong_shape", "forward gives [B, embed_dim]"},
      {"global_generator", "random numbers come only from Draws"},
      {"state_in_a_member", "the state is complete: saved and loaded, the next loss is the same"},
      {"not_thread_safe", "any thread may call views"},
      {"gradient_into_teacher", "after_update changes no trainable parameter"},
      {"writes_input", "the input is not modified"},
      {"infinite_in_half", "bf16 is finite"},
      {"undocumented_option", "every option is documented"},
      {"blocks_of_other_names", "every block has a parameter"},
      {"denies_random_start", "landmarks follow from the weights exactly where starts_random() says so"},
      {"inference_only_with_weights", "a network that only infers registers no tensor"},
      {"no_such_prototypes", "prototypes are parameters of the projector"},
      {"throws_in_the_loader", "a picture of any size is taken"}};
  for (const auto& [name, promise] : mistakes) {
    CAPTURE(name);
    const Outcome outcome = tried(fs::path(LAFS_TEST_BINARY_DIR) / "lib/lafs/planted" / (name + ".so"));
    CHECK(outcome.status == 1);
    CHECK(outcome.err == "");
    const auto promises = broken(outcome.out);
    REQUIRE(!promises.empty());
    CHECK(promises.front() == promise);
    CHECK(outcome.out.ends_with("a promise is broken\n"));
  }
}

TEST_CASE("test-plugin: the words for a shape that was promised and is another") {
  const Outcome outcome = tried(fs::path(LAFS_TEST_BINARY_DIR) / "lib/lafs/planted/wrong_shape.so");
  CHECK(outcome.out.find("backbone \"wrong_shape\", revision 1: embeddings wider than it says\n") == 0);
  CHECK(outcome.out.find("    BROKEN  forward gives [B, embed_dim]\n            the shape is [3, 12], not [3, 8]\n") != std::string::npos);
  CHECK(outcome.out.find("Exception raised from") == std::string::npos);
}

TEST_CASE("test-plugin: a plugin of ours keeps every promise under all of its examples") {
  const Outcome outcome = tried(fs::path(LAFS_TEST_PLUGINS) / "lafs_head_cosface.so");
  CHECK(outcome.status == 0);
  CHECK(outcome.out.find("with its defaults: ") != std::string::npos);
  CHECK(outcome.out.find("with clamp = true, margin = 0.2: ") != std::string::npos);
  CHECK(outcome.out.ends_with("every promise is kept\n"));
}

TEST_CASE("test-plugin: of a backbone that only infers the promises of training are not asked") {
  for (const std::string name : {"onnx", "torchscript"}) {
    CAPTURE(name);
    const Outcome outcome = tried(fs::path(LAFS_TEST_PLUGINS) / ("lafs_backbone_" + name + ".so"));
    CHECK(outcome.status == 0);
    CHECK(outcome.out.find("\n  it only infers: the promises of training are not asked\n") != std::string::npos);
    CHECK(outcome.out.ends_with("every promise is kept\n"));
  }
}

TEST_CASE("test-plugin: options come from a file, and a file that is not a plugin is reported") {
  const ScratchFolder folder;
  write_bytes(folder / "options.toml", "margin = 7\n");
  const std::string cosface = std::string(LAFS_TEST_PLUGINS) + "/lafs_head_cosface.so";
  const Outcome wrong = lafs({"test-plugin", cosface, "--options", (folder / "options.toml").string()});
  CHECK(wrong.status == 2);
  CHECK(wrong.err ==
        (folder / "options.toml").string() + ":1:10: error: margin = 7 is outside [0, 2] (subtracted from the target cosine)\n");
  const Outcome absent = lafs({"test-plugin", (folder / "none.so").string()});
  CHECK(absent.status == 1);
  CHECK(absent.err == "lafs: error: " + (folder / "none.so").string() + ": no such file\n");
}

TEST_CASE("new: a scaffold is three files, and what cannot be one is reported") {
  const ScratchFolder folder;
  const std::string at = (folder / "margin").string();
  const Outcome made = lafs({"new", "plugin", "head", "round_margin", "--dir", at});
  CHECK(made.status == 0);
  CHECK(made.out.starts_with("wrote " + at + "/round_margin.cpp\nwrote " + at + "/CMakeLists.txt\nwrote " + at + "/recipe.toml\n"));
  CHECK(read_bytes(folder / "margin/round_margin.cpp").find("my_plugin") == std::string::npos);
  CHECK(lafs({"new", "plugin", "objective", "mine", "--base", "two_views", "--dir", folder / "mine"}).status == 0);
  CHECK(read_bytes(folder / "mine/mine.cpp").find("class MineObjective final : public lafs::nn::JointEmbedding") != std::string::npos);
  CHECK(read_bytes(folder / "mine/recipe.toml").find("local_views = 0\n") != std::string::npos);
  const auto told = [&](const Arguments& arguments, int status, const std::string& text) {
    const Outcome outcome = lafs(arguments);
    CHECK(outcome.status == status);
    CHECK(outcome.err == text);
  };
  told({"new", "plugin", "head", "round_margin", "--dir", at}, 1,
       "lafs: error: " + at + ": the folder exists already; name another one with --dir\n");
  told({"new", "plugin", "head", "cosface"}, 1,
       "lafs: error: head \"cosface\" already exists, in " LAFS_TEST_PLUGINS "/lafs_head_cosface.so\n");
  told({"new", "plugin", "head", "Round"}, 2,
       "lafs new: error: \"Round\" cannot name a plugin: use lower-case letters, digits and _, a letter first, as in \"sine_margin\"\n");
  told({"new", "plugin", "head", "round", "--base", "two_views"}, 2,
       "lafs new: error: --base is about objectives, not about kind \"head\"; leave it out\n");
  told({"new", "plugin", "haed", "round"}, 2,
       "lafs new: error: no kind of plugin is called \"haed\"; did you mean \"head\"?; the kinds: data_source, augmentation, backbone, "
       "projector, head, objective, optimizer, evaluator\n");
}

}  // namespace
}  // namespace lafs::test
