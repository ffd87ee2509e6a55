#include "formats/torch_checkpoint.h"
#include "fuzz/fuzz.h"

namespace {

void target(std::span<const uint8_t> bytes) {
  const lafs::formats::TorchCheckpoint file(std::as_bytes(bytes), "x.pth");
  uint64_t sum = 0;
  for (const auto& [name, tensor] : file.tensors()) {
    if (tensor.elements() > 1 << 16) continue;
    for (const std::byte b : file.bytes(tensor)) sum += static_cast<uint64_t>(b);
  }
  file.verify();
  if (sum == UINT64_MAX) throw lafs::Error("the bytes are too many");
}

}  // namespace

int main(int argc, char** argv) { return lafs::fuzz::run("pth", target, argc, argv); }
