#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace lafs::formats {

/// Scalars for TensorBoard: one event file, a record a number (data-formats 9). [one thread at a time]
class EventWriter {
 public:
  /// Makes the folder and starts a new file in it, "events.out.tfevents.SECONDS.HOST.PID.N". Throws Error naming what cannot be written.
  explicit EventWriter(const std::filesystem::path& folder);
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  /// Characters of the tag outside [A-Za-z0-9_.-/] become "_". A reader of the live file sees the record at once. Throws Error on a full
  /// disk.
  void scalar(std::string_view tag, int64_t step, double value);
  /// What files before this one hold of `step` and later steps is forgotten by readers, as with SummaryWriter(purge_step=...).
  void purge(int64_t step);
  /// Waits until everything written is on the disk.
  void flush();
  const std::filesystem::path& file() const { return file_; }

 private:
  void append(const std::string& record);

  std::filesystem::path file_;
  int descriptor_ = -1;
};

/// CRC-32C (Castagnoli) of bytes, and the masked form that a TFRecord stores.
uint32_t crc32c(std::string_view bytes);
uint32_t masked_crc32c(std::string_view bytes);

/// A payload framed as TFRecord: length, its checksum, payload, its checksum.
std::string tf_record(std::string_view payload);
/// Event messages in the protobuf wire format; `wall_time` in seconds since 1970.
std::string version_event(double wall_time);
std::string scalar_event(double wall_time, int64_t step, std::string_view tag, float value);
/// Tells readers to forget every scalar of `step` and later that files before this one hold.
std::string purge_event(double wall_time, int64_t step);

}  // namespace lafs::formats
