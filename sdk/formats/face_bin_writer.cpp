#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "formats/atomic_file.h"
#include "formats/face_bin.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

constexpr size_t most_at_once = 1000;  // items of one APPENDS, as Python's pickler writes them

/// EMPTY_LIST, and MARK ... APPENDS for every thousand items that `write_item` writes.
template <typename WriteItem>
void write_list(AtomicFile& out, size_t count, const WriteItem& write_item) {
  out.write("]");
  for (size_t i = 0; i < count; ++i) {
    if (i % most_at_once == 0) out.write("(");
    write_item(i);
    if (i % most_at_once == most_at_once - 1 || i + 1 == count) out.write("e");
  }
}

}  // namespace

void write_face_bin(const std::filesystem::path& file, const std::vector<std::span<const std::byte>>& pictures,
                    const std::vector<bool>& same) {
  const auto fail = [&](const std::string& reason) { throw Error(fmt::format("cannot write \"{}\": {}", file.string(), reason)); };
  if (pictures.size() != 2 * same.size()) fail(fmt::format("{} pairs have {} pictures", same.size(), pictures.size()));
  for (size_t i = 0; i < pictures.size(); ++i)
    if (pictures[i].empty() || pictures[i].size() > UINT32_MAX) fail(fmt::format("picture {} has {} bytes", i, pictures[i].size()));
  AtomicFile out(file);
  out.write("\x80\x03");
  write_list(out, pictures.size(), [&](size_t i) {
    std::string head = "B";
    for (int shift = 0; shift < 32; shift += 8) head += static_cast<char>(pictures[i].size() >> shift);
    out.write(head);
    out.write(pictures[i]);
  });
  write_list(out, same.size(), [&](size_t i) { out.write(same[i] ? "\x88" : "\x89"); });
  out.write("\x86.");
  out.commit();
}

}  // namespace lafs::formats
