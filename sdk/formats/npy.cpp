#include "formats/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "formats/atomic_file.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace {

struct NpyType {
  std::string_view dtype, descr;
  int64_t bytes;
};

const NpyType& npy_type(std::string_view dtype) {
  static constexpr std::array<NpyType, 11> types{{{"F64", "<f8", 8},
                                                  {"F32", "<f4", 4},
                                                  {"F16", "<f2", 2},
                                                  {"I64", "<i8", 8},
                                                  {"I32", "<i4", 4},
                                                  {"I16", "<i2", 2},
                                                  {"I8", "|i1", 1},
                                                  {"U64", "<u8", 8},
                                                  {"U16", "<u2", 2},
                                                  {"U8", "|u1", 1},
                                                  {"BOOL", "|b1", 1}}};
  const auto* found = std::find_if(types.begin(), types.end(), [&](const NpyType& type) { return type.dtype == dtype; });
  if (found == types.end()) throw Error(fmt::format("a .npy file has no type \"{}\"", dtype));
  return *found;
}

}  // namespace

std::string npy_header(std::string_view dtype, const std::vector<int64_t>& shape) {
  std::string head = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", npy_type(dtype).descr,
                                 fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  constexpr size_t before = 10;  // magic, version, length
  head.append(63 - (before + head.size()) % 64, ' ');
  head += '\n';
  std::string out = "\x93NUMPY";
  out += {'\x01', '\x00', static_cast<char>(head.size() & 0xff), static_cast<char>(head.size() >> 8)};
  return out + head;
}

void write_npy(const std::filesystem::path& file, std::string_view dtype, const std::vector<int64_t>& shape,
               std::span<const std::byte> data) {
  int64_t bytes = npy_type(dtype).bytes;
  for (const int64_t size : shape) bytes *= size;
  if (static_cast<size_t>(bytes) != data.size()) {
    throw Error(fmt::format("\"{}\": {} of [{}] has {} bytes, not {}", file.string(), dtype, fmt::join(shape, ","), bytes, data.size()));
  }
  AtomicFile out(file);
  out.write(npy_header(dtype, shape));
  out.write(data);
  out.commit();
}

}  // namespace lafs::formats
