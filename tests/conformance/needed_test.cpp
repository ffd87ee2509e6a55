#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernel/registry/library_gate.h"

namespace {

using namespace lafs;
using Names = std::set<std::string>;

const Names system_libraries{
    "libc", "libstdc++", "libm", "libgcc_s", "libgomp", "libpthread", "libdl", "ld-linux-x86-64", "ld-linux-aarch64"};
const Names torch_libraries{"libtorch_cpu", "libc10"};
const Names drawing{"libopencv_core", "libopencv_imgproc"};
const Names packages{"libfmt", "libhwy", "libxxhash", "libturbojpeg", "libjpeg", "libpng16", "libwebp", "libtiff", "libdeflate"};

/// "libfmt" of "libfmt.so.9": versions are the distribution's.
std::string stem(const std::string& name) { return name.substr(0, name.find(".so")); }

/// What a file needs beyond `allowed`, in one word list; empty if nothing.
std::string beyond(const std::filesystem::path& file, const std::vector<Names>& allowed) {
  std::string out;
  for (const std::string& name : needed_libraries(file)) {
    if (std::none_of(allowed.begin(), allowed.end(), [&](const Names& names) { return names.contains(stem(name)); })) out += " " + name;
  }
  return out;
}

bool does_without_torch(const std::string& file) {
  std::istringstream kinds(LAFS_TEST_KINDS_WITHOUT_TORCH);
  for (std::string kind; kinds >> kind;) {
    if (file.starts_with("lafs_" + kind + "_")) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("needed: the program asks for nothing but the system, LibTorch's CPU half and the declared packages") {
  CHECK(beyond(LAFS_TEST_PROGRAM, {system_libraries, torch_libraries, packages, drawing, {"libelf"}}) == "");
}

TEST_CASE("needed: LibTorch comes before OpenCV, whose libraries bring a BLAS of their own") {
  const auto names = needed_libraries(LAFS_TEST_PROGRAM);
  const auto place = [&](const std::string& wanted) {
    return std::find_if(names.begin(), names.end(), [&](const std::string& name) { return stem(name) == wanted; }) - names.begin();
  };
  CHECK(place("libtorch_cpu") < place("libopencv_core"));
  CHECK(place("libtorch_cpu") < place("libopencv_imgproc"));
  CHECK(place("libopencv_core") < static_cast<std::ptrdiff_t>(names.size()));
}

TEST_CASE("needed: so do plugins, and those of pictures and protocols do without LibTorch") {
  size_t without_torch = 0;
  const auto libraries = plugin_libraries(LAFS_TEST_PLUGINS);
  for (const auto& file : libraries) {
    CAPTURE(file.filename().string());
    const bool free = does_without_torch(file.filename().string());
    without_torch += free;
    CHECK(beyond(file, {system_libraries, packages, free ? Names{} : torch_libraries}) == "");
  }
  CHECK(without_torch >= 10);
  CHECK(libraries.size() > without_torch);
}

TEST_CASE("needed: a library that is not allowed is named") {
  CHECK(beyond(LAFS_TEST_PROGRAM, {system_libraries, packages, drawing, {"libelf", "libc10"}}) == " libtorch_cpu.so");
}
