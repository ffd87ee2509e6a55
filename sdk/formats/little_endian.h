#pragma once
#include <cstddef>
#include <cstdint>

namespace lafs::formats {

/// The unsigned number in `count` bytes, at most 8, the lowest first. `Byte` is any type of one byte.
template <typename Byte>
uint64_t from_little_endian(const Byte* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

/// Appends the lowest `count` bytes of a number, at most 8, to a string or a vector of bytes, the lowest first.
template <typename Bytes>
void append_little_endian(Bytes& out, uint64_t value, size_t count) {
  for (size_t i = 0; i < count; ++i) out.push_back(static_cast<typename Bytes::value_type>(value >> (8 * i)));
}

}  // namespace lafs::formats
