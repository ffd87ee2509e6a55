#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace fs = std::filesystem;

namespace {

/// Lines of the headers of a room that open a namespace of lafs other than the room's own.
std::vector<std::string> strangers(const fs::path& room) {
  const std::regex opens("namespace lafs(::\\w+)*.*\\{.*");
  const std::string own = "namespace lafs::" + room.filename().string();
  std::vector<std::string> found;
  for (const auto& item : fs::recursive_directory_iterator(room)) {
    if (item.path().extension() != ".h") continue;
    std::ifstream in(item.path());
    for (std::string line; std::getline(in, line);) {
      if (std::regex_match(line, opens) && !line.starts_with(own)) found.push_back(item.path().string() + ": " + line);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("a room of the sdk is a namespace: only the contract is in lafs itself") {
  for (const char* room : {"nn", "imaging", "formats", "metrics"}) {
    CHECK(strangers(fs::path(LAFS_TEST_SOURCE) / "sdk" / room) == std::vector<std::string>{});
  }
}
