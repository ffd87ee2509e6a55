#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "formats/event_messages.h"

namespace lafs::formats {

/// A new event file of TensorBoard in a folder (data-formats 9). [one thread at a time]
class EventWriter {
 public:
  /// Makes the folder and starts a new file in it, "events.out.tfevents.SECONDS.HOST.PID.N", whose name sorts behind those of all event
  /// files there: readers take them in this order. Throws Error naming what cannot be written.
  explicit EventWriter(const std::filesystem::path& folder);
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  /// Characters of a tag outside [A-Za-z0-9_.-/] become "_". A reader of the live file sees the record at once. Each throws Error on a full
  /// disk.
  void scalar(std::string_view tag, int64_t step, double value);
  void image(std::string_view tag, int64_t step, const PngPicture& picture);
  /// Markdown, UTF-8.
  void text(std::string_view tag, int64_t step, std::string_view markdown);
  /// What the run is trained with, and that it was trained to its end. Readers keep the first of each, and no purge takes it back.
  void settings(const std::vector<BoardSetting>& settings);
  void finished();
  /// What files before this one hold of `step` and later steps is forgotten by readers, as with SummaryWriter(purge_step=...), unless it is
  /// the first such event that they see in the folder.
  void purge(int64_t step);
  /// Waits until everything written is on the disk.
  void flush();
  const std::filesystem::path& file() const { return file_; }

 private:
  void append(const std::string& record);

  std::filesystem::path file_;
  int descriptor_ = -1;
};

/// The event files of a folder, in the order in which readers take them. None where it cannot be read.
std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder);

}  // namespace lafs::formats
