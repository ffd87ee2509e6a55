#include "formats/safetensors.h"
#include "fuzz/fuzz.h"

namespace {

void target(std::span<const uint8_t> bytes) {
  static const lafs::fuzz::MemoryFile memory;
  const lafs::formats::SafetensorsReader reader(memory.hold(bytes));
  uint64_t sum = 0;
  for (const lafs::formats::TensorInfo& tensor : reader.tensors()) {
    for (const std::byte b : reader.bytes(tensor)) sum += static_cast<uint64_t>(b);
  }
  reader.verify();
  if (sum == UINT64_MAX) throw lafs::Error("the bytes are too many");
}

}  // namespace

int main(int argc, char** argv) { return lafs::fuzz::run("safetensors", target, argc, argv); }
