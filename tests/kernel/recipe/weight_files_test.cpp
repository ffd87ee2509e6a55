#include "kernel/recipe/weight_files.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

namespace lafs {
namespace {

namespace fs = std::filesystem;

std::string part(size_t n, size_t of, const std::string& stem = "model", const std::string& ending = "safetensors") {
  return fmt::format("{}-{:05}-of-{:05}.{}", stem, n, of, ending);
}

/// A folder with the files named, each holding its name.
struct Folder {
  test::ScratchFolder scratch;
  explicit Folder(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      fs::create_directories((scratch / name).parent_path());
      test::write_bytes(scratch / name, name);
    }
  }
  std::vector<std::string> parts() const {
    std::vector<std::string> names;
    const auto files = weight_files(scratch.path());
    if (!files) return {"none"};
    for (const fs::path& file : files->parts) names.push_back(file.filename().string());
    return names;
  }
  std::string refusal(const std::string& name = "") const {
    const fs::path path = name.empty() ? scratch.path() : scratch / name;
    const std::string text = test::error_of([&] { weight_files(path); }),
                      start = fmt::format("cannot read \"{}\" as weights: ", path.string());
    return text.starts_with(start) ? text.substr(start.size()) : text;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("weight files: a folder stands for what programs of Hugging Face open, or for the only weights in it") {
  CHECK(Folder({"model.safetensors", "pytorch_model.bin", "config.json", "x.pth"}).parts() == Names{"model.safetensors"});
  CHECK(Folder({"pytorch_model.bin", "config.json"}).parts() == Names{"pytorch_model.bin"});
  CHECK(Folder({"README.md", "dinov2.pth"}).parts() == Names{"dinov2.pth"});
  CHECK(Folder({"README.md"}).parts() == Names{"none"});
  CHECK(Folder({"checkpoints/last/state.json", "x.pth"}).parts() == Names{"none"});
  CHECK(Folder({"state.json", "weights.safetensors"}).parts() == Names{"none"});
  CHECK(!weight_files("/nowhere/x.pth"));
  CHECK(Folder({"a.pth", "b.pth"}).refusal() == "the folder has 2 files that may be weights: \"a.pth\", \"b.pth\"; name one of them");
  CHECK(Folder({"archive/data.pkl", "archive/data/0"}).refusal() ==
        "it is a .pth that was unpacked; name the .pth itself, or pack it again without compression: in the folder, zip -0 -r "
        "../weights.pth .");
}

TEST_CASE("weight files: parts are found by their index or their numbers, however many, and a missing one is named") {
  int64_t tried = 0;
  for (size_t count = 1; count <= 12; ++count) {
    for (const bool index : {true, false}) {
      for (const char* stem : {"model", "pytorch_model", "any-name"}) {
        Names names, json;
        for (size_t n = 1; n <= count; ++n) {
          names.push_back(part(n, count, stem));
          json.push_back(fmt::format("\"t{:03}.a\": \"{}\", \"t{:03}.b\": \"{}\"", n, names.back(), n, names.back()));
        }
        Folder folder(names);
        const std::string index_name = std::string(stem) + ".safetensors.index.json";
        std::string text = "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {";
        for (size_t i = 0; i < json.size(); ++i) text += (i == 0 ? "" : ", ") + json[i];
        if (index) test::write_bytes(folder.scratch / index_name, text + "}}");
        CHECK(folder.parts() == names);
        if (index) {
          const auto files = weight_files(folder.scratch / index_name);
          REQUIRE(files);
          CHECK(files->holder.size() == 2 * count);
          CHECK(files->holder.at(fmt::format("t{:03}.b", count)) == count - 1);
          fs::remove(folder.scratch / names.back());
          CHECK(folder.refusal(index_name) ==
                fmt::format("of {} files that it names, 1 is not beside it: \"{}\"; fetch what is missing", count, names.back()));
        }
        ++tried;
      }
    }
  }
  CHECK(tried == 72);
}

TEST_CASE("weight files: what is wrong with an index is reported") {
  const auto refusal = [](const std::string& text) {
    Folder folder({});
    test::write_bytes(folder.scratch / "i.json", text);
    return folder.refusal("i.json");
  };
  CHECK(refusal("{\"weight_map\": {") == "it is not valid JSON, or was cut off");
  for (const char* text : {"{\"architectures\": []}", "[1]", "3", "{\"weight_map\": 3}"})
    CHECK(refusal(text) ==
          "it is a JSON text without a \"weight_map\", which names the files of weights; name a file of weights, or its folder");
  CHECK(refusal("{\"weight_map\": {}}") == "its \"weight_map\" names no file");
  for (const char* name : {"\"../x\"", "\"/etc/x\"", "\"a/b\"", "3", "\"\""}) {
    CHECK(refusal(fmt::format("{{\"weight_map\": {{\"w\": {}}}}}", name)) ==
          fmt::format("it says that tensor \"w\" is in {}, which is not the name of a file beside it", name));
  }
  CHECK(part_number("x/model-00002-of-00007.safetensors") == std::pair<size_t, size_t>(2, 7));
  CHECK(!part_number("model-of-7.bin"));
}

}  // namespace lafs
