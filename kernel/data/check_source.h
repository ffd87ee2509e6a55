#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lafs/data_source.h"

namespace lafs {

struct DamagedPicture {
  int64_t index = -1;  ///< in the source; -1: the source left it out when it was opened
  std::string key;     ///< empty where the source left it out: then the reason names it
  std::string reason;
};

/// An identity of which no picture can be read.
struct LostIdentity {
  int64_t identity = 0;
  int64_t pictures = 0;  ///< that it has, all damaged; 0: none is in the source
  std::string first;     ///< key of the first of them
};

struct SourceCheck {
  int64_t checked = 0;  ///< pictures; fewer than the source has when it was stopped
  std::vector<DamagedPicture> damaged;
  std::vector<LostIdentity> lost;

  bool whole() const { return damaged.empty() && lost.empty(); }
};

/// Reads and decodes every picture of a source on `threads` threads. `go_on(done)` is asked now and then, by one thread at a time; after a
/// no the check says what it found until then, and nothing of identities. `seen` is shown each picture that could be decoded, by several
/// threads at a time. [main thread]
SourceCheck check_source(
    const DataSource& source, int64_t threads, const std::function<bool(int64_t done)>& go_on,
    const std::function<void(int64_t index, const Image& image)>& seen = [](int64_t, const Image&) {});

/// `image 3 "a/3.jpg": truncated JPEG`: a damaged picture in a list of them, its name once.
std::string damage_text(const DamagedPicture& picture);

/// Such lines below each other, at most `most` of them.
std::string damage_lines(const std::vector<DamagedPicture>& pictures, size_t most);

}  // namespace lafs
