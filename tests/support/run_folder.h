#pragma once
/// A run folder for one test, with its files as text.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/scratch.h"

namespace lafs::test {

struct RunFolder {
  ScratchFolder scratch;
  std::filesystem::path path = scratch.path();

  std::string read(const std::string& name) const {
    std::ifstream in(path / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path / name, std::ios::binary) << text; }
  int64_t files_like(const std::string& start) const {
    int64_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) count += entry.path().filename().string().starts_with(start);
    return count;
  }
};

}  // namespace lafs::test
