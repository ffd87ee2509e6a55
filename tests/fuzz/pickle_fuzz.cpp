#include "formats/pickle.h"

#include "formats/face_bin.h"
#include "fuzz/fuzz.h"

namespace {

void target(std::span<const uint8_t> bytes) {
  const lafs::formats::FaceBin bin(std::as_bytes(bytes), "x.bin");
  uint64_t sum = 0;
  for (const auto& picture : bin.pictures()) {
    for (const std::byte b : picture) sum += static_cast<uint64_t>(b);
  }
  if (sum == UINT64_MAX) throw lafs::Error("the bytes are too many");
}

}  // namespace

int main(int argc, char** argv) { return lafs::fuzz::run("pickle", target, argc, argv); }
