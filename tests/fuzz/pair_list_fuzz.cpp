#include "formats/pair_list.h"
#include "fuzz/fuzz.h"

namespace {

void target(std::span<const uint8_t> bytes) {
  static const lafs::fuzz::MemoryFile memory;
  const lafs::formats::PairList list = lafs::formats::read_pair_list(memory.hold(bytes));
  if (list.pairs.empty()) throw std::logic_error("a list without pairs was taken");
  for (const auto& pair : list.pairs)
    if (pair.first.empty() || pair.second.empty() || pair.line < 1) throw std::logic_error("a pair without pictures or line");
}

}  // namespace

int main(int argc, char** argv) { return lafs::fuzz::run("pair_list", target, argc, argv); }
