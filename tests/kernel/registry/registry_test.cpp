#include "kernel/registry/registry.h"
#include "support/bare_assembly.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "kernel/recipe/reader.h"
#include "kernel/registry/library_gate.h"
#include "kernel/toys.h"
#include "lafs/assembly.h"
#include "lafs/stamp.h"

using namespace lafs;
using test::fixture;

namespace {

std::string load_error(const std::string& library) {
  Registry registry;
  return test::error_of([&] { registry.load(library); });
}

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// toys.so with another stamp.
std::string restamped(const test::Folder& folder, const auto& change) {
  std::string bytes = bytes_of(fixture("toys"));
  constexpr Stamp ours = this_build();
  const size_t at = bytes.find(std::string_view(reinterpret_cast<const char*>(&ours), sizeof ours));
  REQUIRE(at != std::string::npos);
  Stamp stamp = ours;
  change(stamp);
  std::memcpy(bytes.data() + at, &stamp, sizeof stamp);
  return folder.write("toys.so", bytes);
}

}  // namespace

TEST_CASE("registry: a library's plugins are found by kind and name") {
  Registry registry;
  registry.load(fixture("toys"));
  REQUIRE(registry.find("data_source", "toy"));
  CHECK(registry.find("data_source", "toy")->registration.doc == "one grey picture");
  CHECK(registry.find("data_source", "toy")->registration.revision == 3);
  CHECK(registry.find("data_source", "toy")->library == fixture("toys"));
  CHECK_FALSE(registry.find("backbone", "toy"));
  CHECK(registry.names("data_source") == std::vector<std::string>{"other", "toy"});
  std::vector<std::string> kinds;
  for (const RegistryEntry* entry : registry.all()) kinds.push_back(entry->registration.kind);
  CHECK(kinds == std::vector<std::string>{"data_source", "data_source", "augmentation", "evaluator"});
  REQUIRE(registry.libraries().size() == 1);
  CHECK(registry.libraries()[0].plugins.size() == 4);
}

TEST_CASE("registry: the same file twice is one library") {
  Registry registry;
  registry.load(fixture("toys"));
  registry.load(std::string(LAFS_TEST_FIXTURE_PLUGINS) + "/../fixtures/toys.so");
  CHECK(registry.libraries().size() == 1);
}

TEST_CASE("gate: what is not a plugin is refused with a sentence that names the file") {
  const test::Folder folder("gate");
  CHECK(load_error(folder.text() + "/nope.so") == folder.text() + "/nope.so: no such file");
  CHECK(load_error(folder.text()) == folder.text() + ": is not a file");
  const std::string text = folder.write("text.so", "[run]\nepochs = 1\n");
  CHECK(load_error(text) == text + ": is not a shared library");
  const std::string empty = folder.write("empty.so", "");
  CHECK(load_error(empty) == empty + ": is not a shared library");
  CHECK(load_error(fixture("no_stamp")) == fixture("no_stamp") + ": is not a lafs plugin: it has no stamp");
}

TEST_CASE("gate: a file says which libraries it needs, without being opened") {
  const std::vector<std::string> needed = needed_libraries(fixture("missing_dependency"));
  CHECK(std::count(needed.begin(), needed.end(), "liblafs_fixture_helper.so") == 1);
  const test::Folder folder("needed");
  const std::string text = folder.write("text.so", "not a library");
  CHECK(test::error_of([&] { needed_libraries(text); }) == text + ": is not a shared library");
}

TEST_CASE("gate: a truncated library is an error, not a crash inside dlopen") {
  const test::Folder folder("truncated");
  const std::string whole = bytes_of(fixture("toys"));
  const std::string cut = folder.write("cut.so", std::string_view(whole).substr(0, whole.size() - 10));
  CHECK(load_error(cut) == fmt::format("{}: is truncated: its section table ends at byte {} of {}", cut, whole.size(), whole.size() - 10));
}

TEST_CASE("gate: a library with an impossible section is an error") {
  const test::Folder folder("section");
  std::string bytes = bytes_of(fixture("toys"));
  // The size field of section 1: e_shoff is at byte 40 of the header, a section header has 64 bytes, and its size is at 32.
  uint64_t sections = 0;
  std::memcpy(&sections, bytes.data() + 40, sizeof sections);
  const uint64_t size = 1 << 30;
  std::memcpy(bytes.data() + sections + 64 + 32, &size, sizeof size);
  const std::string said = load_error(folder.write("toys.so", bytes));
  CHECK_MESSAGE(said.starts_with(folder.text() + "/toys.so: is truncated: section ."), said);
  CHECK_MESSAGE(said.ends_with(fmt::format(" of {}", bytes.size())), said);
}

TEST_CASE("gate: damaged headers never crash it") {
  const test::Folder folder("damage");
  const std::string whole = bytes_of(fixture("toys"));
  uint64_t sections = 0;
  std::memcpy(&sections, whole.data() + 40, sizeof sections);
  for (size_t i = 0; i < 300; ++i) {
    std::string bytes = whole;
    const size_t at = i < 64 ? i : sections + (i * 37) % (whole.size() - sections);
    bytes[at] = static_cast<char>(bytes[at] ^ (0xff >> (i % 5)));
    const std::string file = folder.write("damaged.so", bytes);
    CHECK_NOTHROW(static_cast<void>(test::error_of([&] { check_library(file); })));
  }
}

TEST_CASE("gate: another build's plugin is refused by a sentence with both sides") {
  const test::Folder folder("stamp");
  constexpr Stamp ours = this_build();
  const std::string compiler = ours.compiler.data();
  const std::string other_sdk = restamped(folder, [](Stamp& stamp) { stamp.sdk = {'4', '1', 'c', '9', 'e', '0'}; });
  CHECK(load_error(other_sdk) ==
        fmt::format("{0}: built for sdk 41c9e0, {1}, torch {2}; this lafs is sdk {3}, {1}, torch {2}; rebuild the plugin", other_sdk,
                    compiler, LAFS_TORCH_VERSION, LAFS_SDK_HASH));
  const std::string other_torch = restamped(folder, [](Stamp& stamp) { stamp.torch = {'1', '.', '1', '3', '.', '0'}; });
  CHECK(load_error(other_torch) ==
        fmt::format("{0}: built for sdk {3}, {1}, torch 1.13.0; this lafs is sdk {3}, {1}, torch {2}; rebuild the plugin", other_torch,
                    compiler, LAFS_TORCH_VERSION, LAFS_SDK_HASH));
  const std::string other_abi = restamped(folder, [](Stamp& stamp) { stamp.cxx11_abi = 0; });
  CHECK(load_error(other_abi) ==
        fmt::format(
            "{0}: built for sdk {3}, {1}, torch {2}, cxx11 abi 0; this lafs is sdk {3}, {1}, torch {2}, cxx11 abi 1; rebuild the plugin",
            other_abi, compiler, LAFS_TORCH_VERSION, LAFS_SDK_HASH));
  const std::string other_form = restamped(folder, [](Stamp& stamp) { stamp.magic[7] = '2'; });
  CHECK(load_error(other_form) == other_form + ": its stamp has an unknown format; rebuild the plugin");
}

TEST_CASE("loader: a missing entry, a throwing entry and a missing dependency are told apart") {
  CHECK(load_error(fixture("no_entry")) == fixture("no_entry") + ": has no entry lafs_plugin");
  CHECK(load_error(fixture("throwing_entry")) ==
        fixture("throwing_entry") + ": its entry lafs_plugin failed: the table of names is missing");
  CHECK(load_error(fixture("missing_dependency")) ==
        fixture("missing_dependency") + ": needs the library \"liblafs_fixture_helper.so\", which is not found");
  CHECK(load_error(fixture("unknown_kind")) ==
        fixture("unknown_kind") + ": registers \"kettle\" with the kind \"evaluater\", which does not exist; did you mean \"evaluator\"?");
}

TEST_CASE("loader: nothing of a failing library stays registered") {
  Registry registry;
  registry.load(fixture("toys"));
  CHECK(test::error_of([&] { registry.load(fixture("taken_name")); }) ==
        fmt::format("data_source \"toy\" is registered twice: by {} and {}", fixture("toys"), fixture("taken_name")));
  CHECK_THROWS_AS(registry.load(fixture("throwing_entry")), Error);
  CHECK(registry.names("data_source") == std::vector<std::string>{"other", "toy"});
  CHECK(registry.libraries().size() == 1);
}

TEST_CASE("loader: a folder is loaded in the order of names, and must be there") {
  const test::Folder folder("folder");
  std::filesystem::copy(fixture("toys"), folder.text() + "/b.so");
  std::filesystem::copy(fixture("no_stamp"), folder.text() + "/a.so");
  folder.write("readme.txt", "not a library");
  Registry registry;
  CHECK(test::error_of([&] { registry.load_folder(folder.text()); }) == folder.text() + "/a.so: is not a lafs plugin: it has no stamp");
  std::filesystem::remove(folder.text() + "/a.so");
  registry.load_folder(folder.text());
  CHECK(registry.names("evaluator") == std::vector<std::string>{"toy"});
  CHECK(test::error_of([&] { registry.load_folder(folder.text() + "/none"); }) ==
        "cannot read the plugins' folder \"" + folder.text() + "/none\": No such file or directory");
}

TEST_CASE("loader: plugin folders are the program's, then those of LAFS_PLUGIN_PATH") {
  const test::Folder folder("prefix");
  std::filesystem::create_directories(folder.text() + "/lib/lafs/plugins");
  setenv("LAFS_PLUGIN_PATH", "/one::/two", 1);
  const auto folders = plugin_folders(folder.text() + "/bin/lafs");
  unsetenv("LAFS_PLUGIN_PATH");
  CHECK(folders == std::vector<std::filesystem::path>{folder.text() + "/lib/lafs/plugins", "/one", "/two"});
  CHECK(plugin_folders("/nowhere/bin/lafs").empty());
}

TEST_CASE("components: an error of a component says where it was named") {
  Use<DataSource> source("toy");
  read_options("size = 13", "inline.toml", source, test::toys());
  test::BareAssembly assembly;
  CHECK(test::error_of([&] { source.make(assembly); }) == "inline.toml:1:1: error: data_source \"toy\": 13 pictures are too many");
}

TEST_CASE("components: an error says its sentence without a backtrace of torch") {
  CHECK(sentence_of(Error("sizes overflow\nException raised from f at g.cpp:1\nframe #0: h")) == "sizes overflow");
  CHECK(sentence_of(Error("no memory\nframe #0: f\nframe #1: g")) == "no memory");
  CHECK(sentence_of(Error("two\nlines")) == "two\nlines");
}

TEST_CASE("components: an error within a component has the inner place alone") {
  Use<DataSource> source("toy");
  read_options("size = 2\ninner = { use = \"toy\", size = 13 }", "inline.toml", source, test::toys());
  test::BareAssembly assembly;
  CHECK(test::error_of([&] { source.make(assembly); }) == "inline.toml:2:9: error: data_source \"toy\": 13 pictures are too many");
}
