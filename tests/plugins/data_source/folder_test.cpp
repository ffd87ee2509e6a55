#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "materials.h"

namespace lafs::test {
namespace {

namespace fs = std::filesystem;

/// Plants a folder of people with what systems and people leave in one, and knows what is to become of each thing.
class Planted {
 public:
  explicit Planted(unsigned seed) : random_(seed), root_(fmt::format("planted_{}", seed)), outside_(fmt::format("outside_{}", seed)) {
    const unsigned people = 1 + below(4);
    for (unsigned p = 0; p < people; ++p) person(fmt::format("{}{}", p % 2 ? "Zoe" : "p", p));
    for (unsigned n = below(6); n > 0; --n) litter("", 0);
    if (below(3) == 0) picture("stray.jpg", nobody_);
    if (below(3) == 0) {
      fs::create_directories(root_ / "nobody/deep");
      empty_.insert("nobody");
    }
  }

  std::string options() const { return "root = \"" + root_.text() + "\"\n"; }
  const std::set<std::string>& pictures() const { return pictures_; }
  size_t litter_count() const { return count_; }

  /// The sentences that are due, in their order.
  std::vector<std::string> notes() const {
    std::vector<std::string> out;
    const auto say = [&](const std::string& text) { out.push_back(fmt::format("\"{}\": {}", root_.text(), text)); };
    if (!endings_.empty()) {
      std::vector<std::pair<int, std::string>> order;
      for (const auto& [ending, count] : endings_) order.emplace_back(-count, ending.empty() ? "without an ending" : ending);
      std::sort(order.begin(), order.end());
      std::vector<std::string> texts;
      for (const auto& [count, ending] : order) texts.push_back(fmt::format("{} {}", -count, ending));
      say(fmt::format("files left out because of their ending: {}", fmt::join(texts, ", ")));
    }
    const std::pair<const std::set<std::string>&, const char*> kinds[] = {{hidden_, "hidden files and folders"},
                                                                          {system_, "folders of systems and cameras"},
                                                                          {nobody_, "pictures beside the folders of people"},
                                                                          {there_, "links to what is there already"},
                                                                          {nowhere_, "links that lead nowhere"},
                                                                          {empty_, "folders without pictures"}};
    for (const auto& [paths, what] : kinds) {
      if (!paths.empty()) say(fmt::format("{} left out: {}, first \"{}\"", what, paths.size(), *paths.begin()));
    }
    return out;
  }

 private:
  unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }

  void picture(const std::string& path, std::set<std::string>& among) {
    root_.picture(path, 1);
    among.insert(path);
    if (&among == &pictures_) own_.push_back(path);
  }

  std::string image_name() {
    static const char* const endings[] = {".jpg", ".JPEG", ".jpe", ".jfif", ".png", ".WebP", ".bmp",
                                          ".tif", ".TIFF", ".pgm", ".ppm",  ".pbm", ".pnm"};
    return fmt::format("{}{}", number_++, endings[below(13)]);
  }

  void person(const std::string& name) {
    for (unsigned n = 1 + below(3); n > 0; --n) picture(name + "/" + image_name(), pictures_);
    for (unsigned n = below(7); n > 0; --n) litter(name + "/", 1);
    if (below(3) > 0) return;
    const std::string deeper = fmt::format("{}/{}", name, below(2) ? "2019" : "x.jpg");
    picture(deeper + "/" + image_name(), pictures_);
    for (unsigned n = below(4); n > 0; --n) litter(deeper + "/", 2);
  }

  void link(const fs::path& target, const std::string& path, std::set<std::string>& among) {
    fs::create_symlink(target, root_ / path);
    among.insert(path);
  }

  /// One thing that is not a picture of a person, or a link to one, in a folder that lies `depth` below the root.
  void litter(const std::string& in, unsigned depth) {
    static const char* const folders[] = {"@eaDir",   "__MACOSX", "lost+found", "$RECYCLE.BIN", "System Volume Information",
                                          "#recycle", "@EADIR",   "LOST.DIR"};
    static const char* const endings[] = {".txt", ".DB", ".gif", "", ".xmp", ".heic"};
    const std::string name = in + std::to_string(number_++);
    ++count_;
    switch (below(11)) {
      case 0:
        return picture(in + "._" + std::to_string(number_++) + ".jpg", hidden_);
      case 1:
        root_.picture(in + "." + std::to_string(number_) + "/a.jpg", 1);
        hidden_.insert(in + "." + std::to_string(number_++));
        return;
      case 2: {
        const std::string folder = in + folders[below(8)];
        root_.picture(folder + "/0.jpg/SYNOPHOTO_THUMB_M.jpg", 1);
        system_.insert(folder);
        return;
      }
      case 3: {
        const std::string ending = endings[below(6)];
        root_.write(name + ending, "not listed");
        std::string lower = ending;
        std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        ++endings_[lower];
        return;
      }
      case 4:
        return link("no-such-file.jpg", name + ".jpg", nowhere_);
      case 5:
        return link(name.substr(in.size()) + "l.jpg", name + "l.jpg", nowhere_);  // a link to itself
      case 6:
        return link(".", name, there_);
      case 7:
        return link("..", name, there_);
      case 8:
        return link(fs::path(root_.text()), name, there_);
      case 9:
        if (depth > 0) link(fs::path(root_ / own_[random_() % own_.size()]), name + ".jpg", there_);
        return;
      default: {
        const std::string elsewhere = fmt::format("{}/{}.png", number_++, below(9));
        outside_.picture(elsewhere, 2);
        if (depth == 0 || below(2)) {
          fs::create_symlink(fs::path(outside_ / elsewhere).parent_path(), root_ / name);
          pictures_.insert(name + "/" + fs::path(elsewhere).filename().string());
        } else {
          fs::create_symlink(outside_ / elsewhere, root_ / (name + ".png"));
          pictures_.insert(name + ".png");
        }
      }
    }
  }

  std::mt19937 random_;
  TempFolder root_, outside_;
  unsigned number_ = 0;
  size_t count_ = 0;
  std::set<std::string> pictures_, hidden_, system_, nobody_, there_, nowhere_, empty_;
  std::vector<std::string> own_;  ///< pictures that lie there themselves
  std::map<std::string, int> endings_;
};

}  // namespace

TEST_CASE("image_folder: people and their pictures are taken, each once, and the rest is counted") {
  size_t litter = 0, pictures = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    CAPTURE(seed);
    const Planted planted(seed);
    const auto data = source("image_folder", planted.options());
    std::set<std::string> found, people;
    for (int64_t i = 0; i < data->size(); ++i) {
      found.insert(data->key(i));
      people.insert(data->key(i).substr(0, data->key(i).find('/')));
    }
    CHECK(found == planted.pictures());
    CHECK(static_cast<size_t>(data->size()) == found.size());
    CHECK(static_cast<size_t>(data->identities()) == people.size());
    CHECK(consistent(*data));
    CHECK(notes_of("image_folder", planted.options()) == planted.notes());
    litter += planted.litter_count();
    pictures += found.size();
  }
  CHECK(litter >= 1000);
  CHECK(pictures >= 1000);
}

TEST_CASE("image_folder: what several links lead to is taken once, whatever they are") {
  const TempFolder root("folder_links"), outside("folder_links_outside");
  root.picture("a/0.pgm", 1);
  root.picture(".store/x/0.pgm", 1);
  root.picture("loose.pgm", 1);
  outside.picture("deep/1.pgm", 2);
  fs::create_directory_symlink(outside.text(), root / "b");
  fs::create_directory_symlink(outside / "deep", root / "c");
  fs::create_directory_symlink(root / ".store/x", root / "d");
  fs::create_directory_symlink(root / ".store", root / "e");
  fs::create_symlink(outside / "deep/1.pgm", root / "a/1.pgm");
  fs::create_symlink(root / "loose.pgm", root / "a/2.pgm");
  fs::create_directory_symlink(fs::path(outside.text()).parent_path(), root / "f");
  const auto data = source("image_folder", "root = \"" + root.text() + "\"");
  std::vector<std::string> keys;
  for (int64_t i = 0; i < data->size(); ++i) keys.push_back(data->key(i));
  CHECK(keys == std::vector<std::string>{"a/0.pgm", "a/1.pgm", "a/2.pgm", "d/0.pgm"});
  const std::string where = "\"" + root.text() + "\": ";
  CHECK(notes_of("image_folder", "root = \"" + root.text() + "\"") ==
        std::vector<std::string>{where + "hidden files and folders left out: 1, first \".store\"",
                                 where + "pictures beside the folders of people left out: 1, first \"loose.pgm\"",
                                 where + "links to what is there already left out: 4, first \"b/deep/1.pgm\"",
                                 where + "folders without pictures left out: 2, first \"b\""});
}

TEST_CASE("image_folder: people one level deeper than they are looked for are told") {
  const TempFolder root("folder_deeper");
  for (const char* name : {"train/a/1.pgm", "train/b/1.pgm", "val/a/2.pgm"}) root.picture(name, 1);
  CHECK(
      notes_of("image_folder", "root = \"" + root.text() + "\"") ==
      std::vector<std::string>{"\"" + root.text() +
                               "\": no picture lies directly in a folder of it: 2 people are counted, one a folder, first \"train\", each "
                               "with all that lies deeper; if the people are those deeper folders, give one of these as the root"});
  CHECK(notes_of("image_folder", "root = \"" + (root / "train") + "\"").empty());
}

TEST_CASE("image_folder: a folder that may not be read is named") {
  if (::getuid() == 0) return;  // who may read everything
  const TempFolder root("folder_rights");
  root.picture("a/0.pgm", 1);
  root.picture("b/0.pgm", 1);
  fs::permissions(root / "b", fs::perms::none);
  CHECK(error_of([&] {
          source("image_folder", "root = \"" + root.text() + "\"");
        }).ends_with("\"" + (root / "b") + "\" cannot be listed: Permission denied"));
  fs::permissions(root / "b", fs::perms::owner_all);
}

}  // namespace lafs::test
