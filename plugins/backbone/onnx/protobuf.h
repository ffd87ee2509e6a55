#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace lafs::protobuf {

/// A message of a protocol buffer, read field by field. Bytes that cannot be followed end it.
///
///     for (Message field(bytes); field.next();) {
///       if (field.number == 7) graph = field.content;
///     }
class Message {
 public:
  explicit Message(std::string_view bytes) : rest_(bytes) {}
  bool next();  ///< false at the end

  uint32_t number = 0;       ///< of the field
  uint64_t value = 0;        ///< of a field that is a whole number
  std::string_view content;  ///< of a field that is a text, bytes or a message
  std::string_view whole;    ///< the field as it is written, its key included

 private:
  bool varint(uint64_t& value);
  bool take(uint64_t length);

  std::string_view rest_;
};

/// The content of the last field of that number; empty where there is none.
std::string_view field_of(std::string_view message, uint32_t number);

/// A field as it is written: a whole number, and a text or message.
std::string number_field(uint32_t number, uint64_t value);
std::string content_field(uint32_t number, std::string_view content);

}  // namespace lafs::protobuf
