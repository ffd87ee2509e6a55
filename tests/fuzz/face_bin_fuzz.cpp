#include "formats/face_bin.h"
#include "fuzz/fuzz.h"

namespace {

/// What every user of a set relies on: two pictures a pair, none empty, all of them readable.
void target(std::span<const uint8_t> bytes) {
  const lafs::formats::FaceBin bin(std::as_bytes(bytes), "x.bin");
  if (bin.pictures().size() != 2 * bin.same().size()) throw std::logic_error("pictures and pairs do not fit");
  uint64_t sum = 0;
  for (const auto& picture : bin.pictures()) {
    if (picture.empty()) throw std::logic_error("an empty picture");
    for (const std::byte b : picture) sum += static_cast<uint64_t>(b);
  }
  if (sum == UINT64_MAX) throw lafs::Error("the bytes are too many");
}

}  // namespace

int main(int argc, char** argv) { return lafs::fuzz::run("face_bin", target, argc, argv); }
