#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lafs::formats {

/// CRC-32C (Castagnoli) of bytes, and the masked form that a TFRecord stores.
uint32_t crc32c(std::string_view bytes);
uint32_t masked_crc32c(std::string_view bytes);

/// A payload framed as TFRecord: length, its checksum, payload, its checksum.
std::string tf_record(std::string_view payload);

/// When and where an event belongs.
struct EventPlace {
  double wall_time = 0;  ///< seconds since 1970
  int64_t step = 0;
  std::string_view tag;  ///< characters outside [A-Za-z0-9_.-/] become "_", and "/" in front is dropped
};

/// A picture as a PNG file.
struct PngPicture {
  std::string_view bytes;
  int64_t height = 0, width = 0;
};

/// A setting of a run, as TensorBoard's table of hyper-parameters takes it: the name, and a switch, number or text.
using BoardSetting = std::pair<std::string, std::variant<bool, double, std::string>>;

/// Event messages of TensorBoard in the protobuf wire format (data-formats 9).
std::string version_event(double wall_time);
std::string scalar_event(const EventPlace& place, float value);
std::string image_event(const EventPlace& place, const PngPicture& picture);
/// Markdown, UTF-8.
std::string text_event(const EventPlace& place, std::string_view text);
/// Tells readers to forget everything of `step` and later that files before this one hold.
std::string purge_event(double wall_time, int64_t step);
/// The settings of a run, and that it came to its end. Readers keep the first of each that they see, whatever is purged.
std::string settings_event(double wall_time, const std::vector<BoardSetting>& settings);
std::string finished_event(double wall_time);

}  // namespace lafs::formats
