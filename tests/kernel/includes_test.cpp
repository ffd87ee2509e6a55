#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace fs = std::filesystem;

namespace {

/// Follows `#include "..."` through our own headers, and collects every header that is torch's.
class Includes {
 public:
  std::vector<std::string> torch;

  void follow(const fs::path& file) {
    if (!seen_.insert(file.lexically_normal().string()).second) return;
    std::ifstream in(file);
    static const std::regex pattern("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
    for (std::string line; std::getline(in, line);) {
      std::smatch found;
      if (!std::regex_search(line, found, pattern)) continue;
      const std::string header = found[1];
      if (header.starts_with("torch/") || header.starts_with("ATen/") || header.starts_with("c10/"))
        torch.push_back(file.string() + " includes " + header);
      const fs::path source(LAFS_TEST_SOURCE);
      for (const fs::path& root : {source, source / "sdk", file.parent_path()}) {
        if (fs::is_regular_file(root / header)) follow(root / header);
      }
    }
  }

 private:
  std::set<std::string> seen_;
};

}  // namespace

TEST_CASE("rooms without torch include no header of torch, not even through another") {
  Includes includes;
  size_t files = 0;
  for (const char* room : {"kernel", "sdk/lafs", "sdk/imaging", "sdk/formats", "sdk/metrics", "plugins/data_source", "plugins/augmentation",
                           "plugins/evaluator"}) {
    const fs::path folder = fs::path(LAFS_TEST_SOURCE) / room;
    if (!fs::exists(folder)) continue;
    for (const auto& item : fs::recursive_directory_iterator(folder)) {
      if (item.path().extension() != ".h" && item.path().extension() != ".cpp") continue;
      includes.follow(item.path());
      ++files;
    }
  }
  CHECK(files > 30);
  CHECK(includes.torch == std::vector<std::string>{});
}
