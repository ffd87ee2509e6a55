#include <bit>
#include <charconv>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "formats/face_records.h"
#include "formats/little_endian.h"
#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace {

constexpr float largest_label = 4294967296.0f;  // labels are kept in 32 bits

float real(std::span<const uint8_t> bytes, size_t at) {
  return std::bit_cast<float>(static_cast<uint32_t>(from_little_endian(bytes.data() + at, 4)));
}

std::vector<int64_t> numbers(std::string_view line, size_t wanted, std::string_view shape) {
  std::vector<int64_t> found;
  const auto wrong = [&] { return Error(fmt::format("expected {}, found \"{}\"", shape, shown(line))); };
  for (std::string_view rest = line;;) {
    const size_t comma = rest.find(',');
    const std::string_view text = without_blanks(rest.substr(0, comma));
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) throw wrong();
    found.push_back(value);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (found.size() != wanted) throw wrong();
  return found;
}

}  // namespace

FaceHeader parse_face_header(std::span<const uint8_t> payload) {
  if (payload.size() < FaceHeader::bytes)
    throw Error(fmt::format("expected a header of {} bytes, found {}", FaceHeader::bytes, payload.size()));
  FaceHeader header;
  header.flag = static_cast<uint32_t>(from_little_endian(payload.data(), 4));
  header.id = from_little_endian(payload.data() + 8, 8);
  header.id2 = from_little_endian(payload.data() + 16, 8);
  if (header.flag > uint32_t{1} << 20) throw Error(fmt::format("expected at most {} labels, found {}", 1 << 20, header.flag));
  if (header.flag == 0) {
    header.labels = {real(payload, 4)};
    return header;
  }
  header.body += size_t{4} * header.flag;
  if (payload.size() < header.body)
    throw Error(fmt::format("expected {} bytes for {} labels, found {}", header.body, header.flag, payload.size()));
  for (size_t i = 0; i < header.flag; ++i) header.labels.push_back(real(payload, FaceHeader::bytes + 4 * i));
  return header;
}

int64_t whole_label(float label) {
  if (!(label >= 0) || label != std::floor(label))
    throw Error(fmt::format("expected a label that is a whole number from 0, found {}", label));
  if (label >= largest_label) throw Error(fmt::format("expected a label below {:.0f}, found {:.0f}", largest_label, label));
  return static_cast<int64_t>(label);
}

std::vector<uint8_t> face_record(std::span<const float> labels, bool as_list, uint64_t id, uint64_t id2, std::span<const uint8_t> body) {
  std::vector<uint8_t> out;
  out.reserve(FaceHeader::bytes + 4 * labels.size() + body.size());
  as_list = as_list || labels.size() != 1;
  append_little_endian(out, as_list ? labels.size() : 0, 4);
  append_little_endian(out, as_list ? 0 : std::bit_cast<uint32_t>(labels[0]), 4);
  append_little_endian(out, id, 8);
  append_little_endian(out, id2, 8);
  for (size_t i = 0; as_list && i < labels.size(); ++i) append_little_endian(out, std::bit_cast<uint32_t>(labels[i]), 4);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

FaceProperty read_property(const std::filesystem::path& file) {
  TextFile text(file);
  FaceProperty property;
  try {
    if (!text.next()) throw Error("expected \"classes,height,width\", found an empty file");
    const std::vector<int64_t> found = numbers(text.line(), 3, "\"classes,height,width\"");
    property = {found[0], found[1], found[2], {}};
    if (found[1] < 1 || found[2] < 1) throw Error(fmt::format("expected a height and a width from 1, found \"{}\"", text.line()));
    if (text.next()) property.pictures = numbers(text.line(), 1, "a number of pictures")[0];
    if (text.next()) throw Error(fmt::format("expected at most 2 lines, found \"{}\"", shown(text.line())));
  } catch (const PlacedError&) {
    throw;
  } catch (const Error& error) {
    text.fail(error.what());
  }
  return property;
}

}  // namespace lafs::formats
