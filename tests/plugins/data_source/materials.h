#pragma once
/// What tests of sources share: an assembly that offers nothing, a folder that goes away, small pictures, errors as text.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/data_source.h"
#include "lafs/error.h"
#include "support/bare_assembly.h"
#include "support/error_of.h"
#include "support/front_door.h"

namespace lafs::test {

inline std::shared_ptr<DataSource> source(const std::string& plugin, const std::string& toml) {
  BareAssembly assembly;
  return make<DataSource>(plugin, toml, static_cast<Assembly&>(assembly));
}

/// What a source says while it is opened.
inline std::vector<std::string> notes_of(const std::string& plugin, const std::string& toml) {
  BareAssembly assembly;
  make<DataSource>(plugin, toml, static_cast<Assembly&>(assembly));
  return assembly.notes;
}

class TempFolder {
 public:
  explicit TempFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / ("lafs_" + name + "_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  TempFolder(const TempFolder&) = delete;
  ~TempFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string text() const { return path_.string(); }

  void write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }
  /// A grey 2x2 PGM of one value.
  void picture(const std::string& name, char value) const { write(name, "P5\n2 2\n255\n" + std::string(4, value)); }

 private:
  std::filesystem::path path_;
};

inline std::vector<uint8_t> bytes_of(const Image& image) { return {image.bytes.get(), image.bytes.get() + image.size()}; }

/// Whether `threads` threads that read every picture at once see what one thread sees.
inline bool same_from_threads(const DataSource& data, int threads) {
  std::vector<std::vector<uint8_t>> alone;
  for (int64_t i = 0; i < data.size(); ++i) alone.push_back(bytes_of(data.get(i).image));
  std::vector<char> equal(static_cast<size_t>(threads), 1);
  {
    std::vector<std::jthread> running;
    for (int t = 0; t < threads; ++t) {
      running.emplace_back([&, t] {
        for (int64_t n = 0; n < data.size(); ++n) {
          const int64_t i = (n * 7 + t) % data.size();
          if (bytes_of(data.get(i).image) != alone[static_cast<size_t>(i)]) equal[static_cast<size_t>(t)] = 0;
        }
      });
    }
  }
  return std::find(equal.begin(), equal.end(), 0) == equal.end();
}

/// Whether identity, key and find agree with get for every picture.
inline bool consistent(const DataSource& data) {
  for (int64_t i = 0; i < data.size(); ++i) {
    const Sample sample = data.get(i);
    const bool labels = sample.identity == data.identity(i) && sample.identity >= 0 && sample.identity < data.identities();
    if (!labels || sample.index != i || sample.key != data.key(i) || data.find(sample.key) != i) return false;
  }
  return true;
}

}  // namespace lafs::test
