#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/registry/library_gate.h"
#include "lafs/error.h"

namespace {

using namespace lafs;

/// What a command writes to its standard output. Throws Error when it cannot be run or writes nothing.
std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), [](FILE* file) { return file ? ::pclose(file) : 0; });
  if (!pipe) throw Error(fmt::format("\"{}\" cannot be run", command));
  std::string text;
  char part[4096];
  for (size_t got = std::fread(part, 1, sizeof part, pipe.get()); got > 0; got = std::fread(part, 1, sizeof part, pipe.get())) {
    text.append(part, got);
  }
  if (text.empty()) throw Error(fmt::format("\"{}\" wrote nothing", command));
  return text;
}

/// Objects of the build with a torch header each, from what ninja saw the compiler read.
struct TorchReaders {
  std::map<std::string, std::string> header_of;  ///< by object
  size_t objects = 0;
};

bool is_torch_header(const std::string& path) {
  if (path.ends_with("/torch/version.h") || path.ends_with("/torch/headeronly/version.h")) return false;
  for (const char* part : {"/ATen/", "/c10/", "/caffe2/", "/torch/csrc/", "/torch/headeronly/", "/torch/include/"}) {
    if (path.find(part) != std::string::npos) return true;
  }
  return false;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

bool must_be_free_of_torch(const std::string& object) {
  std::vector<std::string> places;
  for (const char* room : {"sdk", "formats", "metrics", "imaging"}) places.push_back(fmt::format("sdk/CMakeFiles/lafs_{}.dir/", room));
  for (const std::string& room : words(LAFS_TEST_ROOMS_WITHOUT_TORCH))
    places.push_back(fmt::format("kernel/CMakeFiles/lafs_{}.dir/", room));
  for (const std::string& kind : words(LAFS_TEST_KINDS_WITHOUT_TORCH)) places.push_back(fmt::format("plugins/CMakeFiles/{}_", kind));
  return std::any_of(places.begin(), places.end(), [&](const std::string& place) { return object.starts_with(place); });
}

/// `text` is what `ninja -t deps` writes: an object's line, then its headers, indented.
TorchReaders torch_readers(const std::string& text) {
  TorchReaders found;
  std::istringstream lines(text);
  std::string object;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    if (!line.starts_with(" ")) {
      object = line.substr(0, line.find(": #deps"));
      found.objects += must_be_free_of_torch(object);
    } else if (must_be_free_of_torch(object) && is_torch_header(line)) {
      found.header_of.emplace(object, line.substr(line.find_first_not_of(' ')));
    }
  }
  return found;
}

TEST_CASE("exports: every library of plugins exports its entry and its stamp alone") {
  const std::set<std::string> wanted{"lafs_plugin", "lafs_stamp"};
  size_t libraries = 0;
  for (const auto& file : std::filesystem::directory_iterator(LAFS_TEST_PLUGINS)) {
    if (file.path().extension() != ".so") continue;
    ++libraries;
    CHECK_MESSAGE(exported_names(file.path()) == wanted, file.path().string());
  }
  CHECK(libraries > 0);
}

TEST_CASE("exports: an object that reads a torch header is named with the header") {
  const TorchReaders found = torch_readers(
      "kernel/CMakeFiles/lafs_recipe.dir/a.cpp.o: #deps 2, deps mtime 1 (VALID)\n    /x/sdk/lafs/use.h\n    "
      "/x/torch/include/ATen/ATen.h\n\n"
      "kernel/CMakeFiles/lafs_recipe.dir/b.cpp.o: #deps 1, deps mtime 1 (VALID)\n    /x/torch/include/torch/headeronly/version.h\n\n"
      "runner/CMakeFiles/lafs_runner.dir/c.cpp.o: #deps 1, deps mtime 1 (VALID)\n    /x/torch/include/ATen/ATen.h\n");
  CHECK(found.objects == 2);
  CHECK(found.header_of ==
        std::map<std::string, std::string>{{"kernel/CMakeFiles/lafs_recipe.dir/a.cpp.o", "/x/torch/include/ATen/ATen.h"}});
}

TEST_CASE("exports: kernel, sdk rooms and plugins that must do without torch read no torch header") {
  if (!std::filesystem::exists(LAFS_TEST_BINARY_DIR "/build.ninja")) {
    MESSAGE("the build was not made by ninja: nobody knows which headers were read");
    return;
  }
  std::string deps;
  try {
    deps = output_of("ninja -n -C '" LAFS_TEST_BINARY_DIR "' -t deps 2>/dev/null");
  } catch (const Error& error) {
    MESSAGE("ninja does not tell which headers were read: ", error.what());
    return;
  }
  const TorchReaders found = torch_readers(deps);
  CHECK(found.objects > 20);
  for (const auto& [object, header] : found.header_of) FAIL_CHECK("\"", object, "\" reads \"", header, "\"");
}

}  // namespace
