#include "formats/event_messages.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "formats/little_endian.h"

namespace lafs::formats {
namespace {

constexpr std::array<uint32_t, 256> crc_table = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0x82F63B78u : value >> 1;
    table[byte] = value;
  }
  return table;
}();

std::string little_endian(uint64_t value, size_t bytes) {
  std::string text;
  append_little_endian(text, value, bytes);
  return text;
}

std::string varint(uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
  return text + static_cast<char>(value);
}

enum class Wire { varint = 0, eight_bytes = 1, length = 2, four_bytes = 5 };
std::string key(int field, Wire wire) { return varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire)); }
std::string field(int number, std::string_view bytes) { return key(number, Wire::length) + varint(bytes.size()) + std::string(bytes); }
std::string field(int number, const char*) = delete;
std::string field(int number, double value) { return key(number, Wire::eight_bytes) + little_endian(std::bit_cast<uint64_t>(value), 8); }
std::string field(int number, float value) { return key(number, Wire::four_bytes) + little_endian(std::bit_cast<uint32_t>(value), 4); }
std::string field(int number, int64_t value) { return key(number, Wire::varint) + varint(static_cast<uint64_t>(value)); }

std::string plain_tag(std::string_view tag) {
  tag.remove_prefix(std::min(tag.find_first_not_of('/'), tag.size()));
  std::string plain(tag);
  for (char& c : plain) {
    const bool kept = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::strchr("_.-/", c) != nullptr;
    if (!kept || c == '\0') c = '_';
  }
  return plain;
}

/// Fields of Summary.Value, and which plugin of TensorBoard shows it, with what only that plugin reads.
namespace value {
constexpr int tag = 1, number = 2, image = 4, tensor = 8, metadata = 9;
}

std::string shown_by(std::string_view plugin, std::string_view content = {}) {
  return field(value::metadata, field(1, field(1, plugin) + (content.empty() ? "" : field(2, content))));
}

std::string summary_event(const EventPlace& place, const std::string& fields) {
  const std::string entry = field(value::tag, plain_tag(place.tag)) + fields;
  return field(1, place.wall_time) + (place.step != 0 ? field(2, place.step) : "") + field(5, field(1, entry));
}

/// A message of the plugin "hparams": everything is in its metadata, and the tensor is empty.
std::string hparams_event(double wall_time, std::string_view tag, const std::string& content) {
  constexpr int64_t float_type = 1;
  const std::string empty_shape = field(2, std::string_view());
  return summary_event({wall_time, 0, tag},
                       field(value::tensor, field(1, float_type) + field(2, empty_shape)) + shown_by("hparams", content));
}

std::string setting_value(const std::variant<bool, double, std::string>& value) {
  if (const bool* on = std::get_if<bool>(&value)) return field(4, int64_t{*on});
  if (const double* number = std::get_if<double>(&value)) return field(2, *number);
  return field(3, std::string_view(std::get<std::string>(value)));
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ crc >> 8;
  return ~crc;
}

uint32_t masked_crc32c(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8u; }

std::string tf_record(std::string_view payload) {
  const std::string length = little_endian(payload.size(), 8);
  return length + little_endian(masked_crc32c(length), 4) + std::string(payload) + little_endian(masked_crc32c(payload), 4);
}

std::string version_event(double wall_time) { return field(1, wall_time) + field(3, std::string_view("brain.Event:2")); }

std::string scalar_event(const EventPlace& place, float value) { return summary_event(place, field(value::number, value)); }

std::string image_event(const EventPlace& place, const PngPicture& picture) {
  constexpr int64_t rgb = 3;
  const std::string image = field(1, picture.height) + field(2, picture.width) + field(3, rgb) + field(4, picture.bytes);
  return summary_event(place, field(value::image, image) + shown_by("images"));
}

std::string text_event(const EventPlace& place, std::string_view text) {
  constexpr int64_t string_type = 7;
  const std::string one_item = field(2, field(1, int64_t{1}));
  return summary_event(place, field(value::tensor, field(1, string_type) + field(2, one_item) + field(8, text)) + shown_by("text"));
}

std::string purge_event(double wall_time, int64_t step) {
  constexpr int64_t session_start = 1;
  return field(1, wall_time) + (step != 0 ? field(2, step) : "") + field(7, field(1, session_start));
}

std::string settings_event(double wall_time, const std::vector<BoardSetting>& settings) {
  std::string start;
  for (const auto& [name, value] : settings) start += field(1, field(1, std::string_view(name)) + field(2, setting_value(value)));
  return hparams_event(wall_time, "_hparams_/session_start_info", field(3, start + field(5, wall_time)));
}

std::string finished_event(double wall_time) {
  constexpr int64_t success = 1;
  return hparams_event(wall_time, "_hparams_/session_end_info", field(4, field(1, success) + field(2, wall_time)));
}

}  // namespace lafs::formats
