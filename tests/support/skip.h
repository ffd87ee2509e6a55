#pragma once
#include <cstdio>
#include <string>

namespace lafs::test {

struct SkipCount {
  int skipped = 0, ran = 0;
};
inline SkipCount& skip_count() {
  static SkipCount count;
  return count;
}
/// Says by name what could not be tested, and why.
inline void skip(const std::string& what) {
  ++skip_count().skipped;
  std::fprintf(stderr, "Skipped: %s\n", what.c_str());
}
/// Called by every test that may skip, once its material is there.
inline void runs() { ++skip_count().ran; }
inline bool everything_was_skipped() { return skip_count().skipped > 0 && skip_count().ran == 0; }

}  // namespace lafs::test
