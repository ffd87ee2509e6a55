#include "formats/face_records.h"
#include "formats/recordio.h"
#include "fuzz/fuzz.h"

namespace {

/// Any error of one way of reading must not hide the others.
template <typename Act>
void attempt(std::string& first, Act&& act) {
  try {
    act();
  } catch (const lafs::Error& error) {
    if (first.empty()) first = error.what();
  }
}

void target(std::span<const uint8_t> bytes) {
  static const lafs::fuzz::MemoryFile memory;
  const std::filesystem::path file = memory.hold(bytes);
  std::string error;
  attempt(error, [&] {
    const lafs::formats::RecordFile records(file);
    std::vector<uint8_t> payload;
    for (uint64_t at = 0; at < records.size();) at = records.read(at, payload, at % 64);
  });
  attempt(error, [&] {
    for (const bool own : {false, true}) {
      const lafs::formats::FaceRecords set(file, {own, 1});
      for (int64_t i = 0; i < set.size(); ++i) attempt(error, [&] { set.picture(i); });
    }
  });
  attempt(error, [&] { lafs::formats::RecordIndex::read(file, 1 << 20); });
  attempt(error, [&] { lafs::formats::read_property(file); });
  if (!error.empty()) throw lafs::Error(error);
}

}  // namespace

int main(int argc, char** argv) { return lafs::fuzz::run("recordio", target, argc, argv); }
