#include "protobuf.h"

namespace lafs::protobuf {

namespace {

std::string varint_bytes(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

}  // namespace

bool Message::next() {
  const std::string_view before = rest_;
  uint64_t key = 0, length = 0;
  if (rest_.empty() || !varint(key)) return false;
  number = static_cast<uint32_t>(key >> 3);
  content = {};
  value = 0;
  bool read = false;
  if ((key & 7) == 0) read = varint(value);
  if ((key & 7) == 1) read = take(8);
  if ((key & 7) == 2) read = varint(length) && take(length);
  if ((key & 7) == 5) read = take(4);
  whole = before.substr(0, before.size() - rest_.size());
  return read;
}

bool Message::varint(uint64_t& number_read) {
  number_read = 0;
  for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    number_read |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool Message::take(uint64_t length) {
  if (length > rest_.size()) return false;
  content = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return true;
}

std::string_view field_of(std::string_view message, uint32_t number) {
  std::string_view found;
  for (Message field(message); field.next();) {
    if (field.number == number) found = field.content;
  }
  return found;
}

std::string number_field(uint32_t number, uint64_t value) { return varint_bytes(number * 8) + varint_bytes(value); }

std::string content_field(uint32_t number, std::string_view content) {
  return varint_bytes(number * 8 + 2) + varint_bytes(content.size()) + std::string(content);
}

}  // namespace lafs::protobuf
