/// The arrows between the rooms of the source tree are those of docs/rooms.toml.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs::test {
namespace {

namespace fs = std::filesystem;
using Sentences = std::vector<std::string>;

struct Room {
  bool torch = false;
  std::set<std::string> may_include;  ///< folders: those listed as used, and what these may include
};

using Rooms = std::map<std::string, Room>;  ///< by folder

Rooms read_rooms(const fs::path& file) {
  const toml::table list = toml::parse_file(file.string());
  Rooms rooms;
  for (const toml::node& node : *list["room"].as_array()) {
    const toml::table& table = *node.as_table();
    Room& room = rooms[table["folder"].value<std::string>().value()];
    room.torch = table["torch"].value<bool>().value();
    for (const toml::node& used : *table["uses"].as_array()) room.may_include.insert(used.value<std::string>().value());
  }
  for (bool grew = true; grew;) {
    grew = false;
    for (auto& [folder, room] : rooms) {
      const size_t before = room.may_include.size();
      for (const std::string& used : std::set<std::string>(room.may_include)) {
        const auto& further = rooms.at(used).may_include;
        room.may_include.insert(further.begin(), further.end());
      }
      grew = grew || room.may_include.size() > before;
    }
  }
  return rooms;
}

struct Include {
  int line = 0;
  std::string header;
  std::string file;  ///< of the tree, relative to it; empty for a header from elsewhere
};

/// The sources of a tree and what they include.
class Tree {
 public:
  explicit Tree(fs::path root) : root_(std::move(root)) {
    static const std::set<std::string> endings{".h", ".cpp", ".cu", ".cuh"};
    for (const char* top : {"sdk", "kernel", "plugins", "runner"}) {
      if (!fs::exists(root_ / top)) continue;
      for (const auto& item : fs::recursive_directory_iterator(root_ / top)) {
        if (!endings.contains(item.path().extension().string())) continue;
        const std::string file = item.path().lexically_relative(root_).string();
        files_[file] = includes_of(file);
      }
    }
  }

  const std::map<std::string, std::vector<Include>>& files() const { return files_; }

 private:
  std::vector<Include> includes_of(const std::string& file) const {
    static const std::regex pattern("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
    std::vector<Include> includes;
    std::ifstream in(root_ / file);
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      std::smatch found;
      if (std::regex_search(line, found, pattern)) includes.push_back({number, found[1], found_at(file, found[1])});
    }
    return includes;
  }

  /// As the compiler looks for it: beside the file, in the tree, in sdk/.
  std::string found_at(const std::string& file, const std::string& header) const {
    for (const fs::path& folder : {root_ / fs::path(file).parent_path(), root_, root_ / "sdk"}) {
      if (fs::is_regular_file(folder / header)) return (folder / header).lexically_normal().lexically_relative(root_).string();
    }
    return "";
  }

  fs::path root_;
  std::map<std::string, std::vector<Include>> files_;
};

/// The room with the longest folder that holds the file; empty where none does.
std::string room_of(const std::string& file, const Rooms& rooms) {
  for (fs::path folder = fs::path(file).parent_path(); !folder.empty(); folder = folder.parent_path()) {
    if (rooms.contains(folder.string())) return folder.string();
  }
  return "";
}

/// "plugins/head/cosface" of a file of that plugin; empty for any other file.
std::string plugin_of(const std::string& file) {
  if (!file.starts_with("plugins/")) return "";
  const size_t kind = file.find('/', std::string_view("plugins/").size()),
               name = kind == std::string::npos ? kind : file.find('/', kind + 1);
  return file.substr(0, name);
}

/// Files without a room, rooms without a file, and includes of rooms that are not allowed; a plugin may not include another of its kind.
Sentences wrong_arrows(const Tree& tree, const Rooms& rooms) {
  Sentences wrong;
  std::set<std::string> empty;
  for (const auto& [folder, room] : rooms) empty.insert(folder);
  for (const auto& [file, includes] : tree.files()) {
    const std::string from = room_of(file, rooms);
    empty.erase(from);
    if (from.empty()) wrong.push_back(file + " is in no room");
    for (const Include& include : includes) {
      const std::string to = include.file.empty() ? from : room_of(include.file, rooms);
      const bool at_home = to == from && (include.file.empty() || plugin_of(include.file) == plugin_of(file));
      if (from.empty() || at_home || rooms.at(from).may_include.contains(to)) continue;
      wrong.push_back(fmt::format("{}:{}: {} may not include {} (\"{}\")", file, include.line, from, to, include.header));
    }
  }
  for (const std::string& folder : empty) wrong.push_back("no file is in the room " + folder);
  return wrong;
}

/// The way from a file to a header of torch, as "file:line includes ..."; empty where there is none.
Sentences way_to_torch(const Tree& tree, const std::string& file, std::set<std::string>& seen) {
  const auto found = tree.files().find(file);
  if (found == tree.files().end() || !seen.insert(file).second) return {};
  for (const Include& include : found->second) {
    const std::string step = fmt::format("{}:{} includes {}", file, include.line, include.header);
    for (const char* beginning : {"torch/", "ATen/", "c10/"}) {
      if (include.header.starts_with(beginning)) return {step};
    }
    Sentences rest = way_to_torch(tree, include.file, seen);
    if (rest.empty()) continue;
    rest.insert(rest.begin(), step);
    return rest;
  }
  return {};
}

Sentences torch_where_there_is_none(const Tree& tree, const Rooms& rooms) {
  Sentences wrong;
  for (const auto& [file, includes] : tree.files()) {
    const std::string room = room_of(file, rooms);
    if (room.empty() || rooms.at(room).torch) continue;
    std::set<std::string> seen;
    const Sentences way = way_to_torch(tree, file, seen);
    if (!way.empty()) wrong.push_back(fmt::format("{} is without torch: {}", room, fmt::join(way, ", ")));
  }
  return wrong;
}

/// One a line, for a failure that is to be read.
std::string lines(const Sentences& sentences) { return fmt::format("{}", fmt::join(sentences, "\n")); }

const Tree& our_tree() {
  static const Tree tree{fs::path(LAFS_TEST_SOURCE)};
  return tree;
}

const Rooms& our_rooms() {
  static const Rooms rooms = read_rooms(fs::path(LAFS_TEST_SOURCE) / "docs" / "rooms.toml");
  return rooms;
}

TEST_CASE("rooms: every include follows an arrow of docs/rooms.toml") {
  CHECK(our_tree().files().size() > 200);
  CHECK(lines(wrong_arrows(our_tree(), our_rooms())) == "");
}

TEST_CASE("rooms: those without torch include no header of torch, not even through another") {
  CHECK(lines(torch_where_there_is_none(our_tree(), our_rooms())) == "");
}

TEST_CASE("rooms: what is wrong is named with file, line and arrow") {
  const ScratchFolder folder;
  const auto write = [&](const std::string& file, const std::string& text) {
    fs::create_directories((folder / file).parent_path());
    write_bytes(folder / file, text);
  };
  write("rooms.toml", R"(room = [{folder = "kernel/top", torch = false, uses = ["kernel/middle"]},
  {folder = "kernel/middle", torch = true, uses = ["kernel/low"]}, {folder = "kernel/low", torch = false, uses = []},
  {folder = "kernel/low/inner", torch = false, uses = []}, {folder = "plugins/head", torch = false, uses = []}, {folder = "sdk/none", torch = false, uses = []}])");
  write("kernel/top/a.cpp", "#include \"kernel/low/d.h\"\n#include \"b.h\"\n");
  write("kernel/top/b.h", "#include \"kernel/middle/c.h\"\n");
  write("kernel/middle/c.h", "#pragma once\n\n  # include <ATen/ATen.h>\n");
  write("kernel/low/d.h", "#include <string>\n#include \"kernel/middle/c.h\"\n#include \"inner/e.h\"\n");
  write("kernel/low/inner/e.h", "");
  write("kernel/lost.h", "");
  write("plugins/head/one/one.cpp", "#include \"one.h\"\n#include \"plugins/head/two/two.h\"\n");
  write("plugins/head/one/one.h", "");
  write("plugins/head/two/two.h", "");
  const Tree tree(folder.path());
  const Rooms rooms = read_rooms(folder / "rooms.toml");
  CHECK(lines(wrong_arrows(tree, rooms)) ==
        "kernel/lost.h is in no room\n"
        "kernel/low/d.h:2: kernel/low may not include kernel/middle (\"kernel/middle/c.h\")\n"
        "kernel/low/d.h:3: kernel/low may not include kernel/low/inner (\"inner/e.h\")\n"
        "plugins/head/one/one.cpp:2: plugins/head may not include plugins/head (\"plugins/head/two/two.h\")\n"
        "no file is in the room sdk/none");
  CHECK(torch_where_there_is_none(tree, rooms).front() ==
        "kernel/low is without torch: kernel/low/d.h:2 includes kernel/middle/c.h, kernel/middle/c.h:3 includes ATen/ATen.h");
  CHECK(torch_where_there_is_none(tree, rooms).size() == 3);
}

}  // namespace
}  // namespace lafs::test
