#include "formats/npy_reader.h"

#include "fuzz/fuzz.h"

namespace {

void target(std::span<const uint8_t> bytes) {
  const lafs::formats::NpyArray array = lafs::formats::read_npy(std::as_bytes(bytes), "x.npy");
  const auto numbers = array.numbers();
  if (static_cast<int64_t>(numbers.size()) != array.elements()) throw std::logic_error("elements and numbers do not fit");
  for (const double number : numbers)
    if (number == 1e308) throw lafs::Error("a number is too large");
}

}  // namespace

int main(int argc, char** argv) { return lafs::fuzz::run("npy", target, argc, argv); }
