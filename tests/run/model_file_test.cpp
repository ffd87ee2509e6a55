#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

const fs::path networks = fs::path(LAFS_TEST_FIXTURES) / "networks";

/// A recipe that measures pictures of 32 x 32 pixels and trains nothing.
const char* const measuring = R"([run]
threads = 2
device = "cpu"

[input]
height = 32
width = 32

[[evaluator]]
use = "verification"
genuine = 20
impostor = 20
folds = 5

[evaluator.data]
use = "synthetic_faces"
identities = 6
per_identity = 4
size = 32
)";

const std::string faces = "{ use = \"synthetic_faces\", identities = 3, per_identity = 2, size = 32 }";

std::string replaced(std::string text, const std::string& old, const std::string& with) {
  text.replace(text.find(old), old.size(), with);
  return text;
}

/// The numbers of a .npy file of floats, which follow a header of 10 bytes and the length in its last two.
std::vector<float> npy_values(const fs::path& file) {
  const std::string bytes = read_bytes(file);
  const size_t header = 10 + static_cast<uint8_t>(bytes.at(8)) + 256 * static_cast<uint8_t>(bytes.at(9));
  std::vector<float> values((bytes.size() - header) / sizeof(float));
  std::memcpy(values.data(), bytes.data() + header, values.size() * sizeof(float));
  return values;
}

TEST_CASE("model file: an ONNX model and a trace of the same network are measured alike") {
  const Tiny tiny(measuring);
  double accuracy[2];
  for (int i = 0; i < 2; ++i) {
    const fs::path file = networks / (i == 0 ? "small.onnx" : "small.pt");
    const Outcome outcome = lafs({"eval", file, "--recipe", tiny.recipe(), "--json", "--quiet"});
    REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    CHECK(outcome.err == "");
    const auto results = nlohmann::json::parse(outcome.out);
    CHECK(results.at("checkpoint") == file.string());
    CHECK(results.at("backbone") == (i == 0 ? "onnx" : "torchscript"));
    accuracy[i] = metric(results, "accuracy");
  }
  CHECK(accuracy[0] == accuracy[1]);
  const Outcome text = lafs({"eval", networks / "small.onnx", "--recipe", tiny.recipe(), "--quiet"});
  CHECK(text.out.starts_with((networks / "small.onnx").string() + " (onnx)\n"));
}

TEST_CASE("model file: without a stated contract the default is taken and named; with one, that") {
  const Tiny tiny;
  const std::string onnx = (networks / "small.onnx").string();
  const Outcome outcome = lafs({"embed", onnx, "--source", faces, "--out", tiny / "a.npy", "--device", "cpu", "--quiet"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err ==
        "nobody said what \"" + onnx +
            "\" was fed; taken: pictures of 112 x 112 pixels, rgb, values by preset \"lafs\", embeddings by flip \"sum\"; say it by "
            "[input] in the "
            "recipe, or with --input\n" +
            onnx + ":1:1: error: backbone \"onnx\": \"" + onnx +
            "\" takes pictures of 32 x 32 pixels, and the input contract has 112 x 112: set height = 32 and width = 32 in [input]\n");
  const std::string stated = "{ height = 32, width = 32, flip = \"none\" }";
  for (const std::string name : {"small.onnx", "small.pt"}) {
    const Outcome done = lafs(
        {"embed", networks / name, "--input", stated, "--source", faces, "--out", tiny / (name + ".npy"), "--device", "cpu", "--quiet"});
    REQUIRE_MESSAGE(done.status == 0, done.err);
    CHECK(done.err == "");
    CHECK(json_file(tiny / (name + ".npy.json")).at("input").at("flip") == "none");
  }
  const std::vector<float> first = npy_values(tiny / "small.onnx.npy"), second = npy_values(tiny / "small.pt.npy");
  REQUIRE(first.size() == 6 * 8);
  REQUIRE(second.size() == first.size());
  for (size_t i = 0; i < first.size(); ++i) CHECK(first[i] == doctest::Approx(second[i]).epsilon(1e-4));
}

TEST_CASE("model file: a recipe whose [backbone] only infers is a model, with options that a file alone does not have") {
  const Tiny tiny(std::string(measuring) + "\n[backbone]\nuse = \"onnx\"\nfile = " + in_quotes(networks / "small.onnx") +
                  "\noutput = \"/6/Flatten\"\n");
  const Outcome outcome = lafs({"eval", tiny.recipe(), "--quiet"});
  CHECK(outcome.err == "");
  CHECK(outcome.status == 0);
  CHECK(outcome.out.starts_with(tiny.recipe().string() + " (onnx)\n"));
  const Tiny trained;
  CHECK(
      lafs({"eval", trained.recipe(), "--quiet"}).err ==
      "lafs: error: \"" + trained.recipe().string() +
          "\" is not a trained model: give the folder of a run, or a recipe whose [backbone] only infers; try \"onnx\", \"torchscript\"\n");
}

TEST_CASE("model file: training one is an error of lafs check, before its file is opened") {
  const std::string backbone = "[backbone]\nuse = \"fvit\"\ndim = 24\ndepth = 1\nheads = 2\ndim_head = 12\nmlp_dim = 32\n";
  for (const std::string name : {"onnx", "torchscript"}) {
    const Tiny tiny(replaced(tiny_text, backbone, "[backbone]\nuse = \"" + name + "\"\nfile = \"absent.bin\"\n"));
    const std::string said = tiny.recipe().string() + ":23:1: error: backbone \"" + name +
                             "\" only infers and cannot be trained; lafs eval and lafs embed take its file as their model\n";
    const Outcome outcome = lafs({"check", tiny.recipe()});
    CHECK(outcome.status == 2);
    CHECK(outcome.err == said);
  }
}

TEST_CASE("model file: [input] shift is for what is measured alone") {
  const Tiny tiny(replaced(tiny_text, "width = 32", "width = 32\nshift = [8, 0]"));
  const Outcome outcome = lafs({"check", tiny.recipe()});
  CHECK(outcome.status == 2);
  CHECK(outcome.err ==
        tiny.recipe().string() +
            ":13:9: error: shift moves pictures that are measured, and this recipe trains on them as they are; write no shift\n");
}

TEST_CASE("model file: what cannot be measured says what is missing") {
  const Tiny tiny(measuring);
  const std::string onnx = (networks / "small.onnx").string(),
                    pth = (fs::path(LAFS_TEST_GOLDEN) / "finetune_plain.final_module_prefix.pth").string();
  CHECK(lafs({"eval", onnx}).err == "lafs: error: \"" + onnx + "\" was not trained here and has no recipe; name one with --recipe\n");
  CHECK(lafs({"embed", onnx, "--input", "{ height = 32, width = 32 }", "--out", tiny / "a.npy"}).err ==
        "lafs: error: \"" + onnx + "\" was not trained here: name the pictures to embed, as SOURCE or with --source\n");
  CHECK(lafs({"eval", pth, "--recipe", tiny.recipe()}).err ==
        "lafs: error: \"" + pth +
            "\" holds tensors and no network: put them into one by [[init]], or export the network as ONNX or TorchScript\n");
  CHECK(lafs({"eval", onnx, "--recipe", tiny.recipe(), "--input", "{ colour = \"bgr\" }"}).err ==
        "lafs: error: the recipe has an [input], and --input is given too; leave out one, or change single keys with --set "
        "input.KEY=VALUE\n");
  write_bytes(tiny / "alone.caffemodel", "net");
  CHECK(lafs({"eval", tiny / "alone.caffemodel", "--recipe", tiny.recipe()}).err ==
        "lafs: error: " + in_quotes(tiny / "alone.caffemodel") +
            " is Caffe's weights alone, and their network \"alone.prototxt\" is not beside them\n");
  write_bytes(tiny / "notes.txt", "epoch 3\n");
  CHECK(lafs({"eval", tiny / "notes.txt", "--recipe", tiny.recipe()}).err ==
        "lafs: error: " + in_quotes(tiny / "notes.txt") +
            " is not a model: neither a run or checkpoint folder, nor ONNX, Caffe or TorchScript\n");
  CHECK(lafs({"eval", onnx, "--recipe", tiny.recipe(), "--set", "input.colours=\"bgr\""}).status == 2);
}

}  // namespace
}  // namespace lafs::test
