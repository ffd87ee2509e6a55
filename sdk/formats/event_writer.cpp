#include "formats/event_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "formats/host_name.h"
#include "formats/little_endian.h"
#include "lafs/error.h"

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

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

[[noreturn]] void fail(const std::filesystem::path& file, int error) {
  throw Error(fmt::format("cannot write \"{}\": {}", file.string(), std::strerror(error)));
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

std::string scalar_event(double wall_time, int64_t step, std::string_view tag, float value) {
  const std::string entry = field(1, plain_tag(tag)) + field(2, value);
  return field(1, wall_time) + (step != 0 ? field(2, step) : "") + field(5, field(1, entry));
}

std::string purge_event(double wall_time, int64_t step) {
  constexpr int64_t session_start = 1;
  return field(1, wall_time) + (step != 0 ? field(2, step) : "") + field(7, field(1, session_start));
}

EventWriter::EventWriter(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail(folder, error.value());
  const double start = now();
  for (int number = 0; descriptor_ < 0; ++number) {
    file_ = folder /
            fmt::format("events.out.tfevents.{:010}.{}.{}.{}", static_cast<int64_t>(start), host_name("localhost"), ::getpid(), number);
    descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST && errno != EINTR) fail(file_, errno);
  }
  append(tf_record(version_event(start)));
}

EventWriter::~EventWriter() { ::close(descriptor_); }

void EventWriter::append(const std::string& record) {
  for (size_t done = 0; done < record.size();) {
    const ssize_t written = ::write(descriptor_, record.data() + done, record.size() - done);
    if (written < 0 && errno != EINTR) fail(file_, errno);
    if (written > 0) done += static_cast<size_t>(written);
  }
}

void EventWriter::scalar(std::string_view tag, int64_t step, double value) {
  append(tf_record(scalar_event(now(), step, tag, static_cast<float>(value))));
}

void EventWriter::purge(int64_t step) { append(tf_record(purge_event(now(), step))); }

void EventWriter::flush() {
  if (::fsync(descriptor_) != 0) fail(file_, errno);
}

}  // namespace lafs::formats
