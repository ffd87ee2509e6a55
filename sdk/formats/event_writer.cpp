#include "formats/event_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <system_error>

#include "formats/host_name.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view file_start = "events.out.tfevents.";

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

/// Seconds in the name of a new file: now, or where a file has that or a later time, a second after it.
int64_t seconds_after(const std::vector<fs::path>& files) {
  int64_t seconds = static_cast<int64_t>(now());
  for (const fs::path& file : files) {
    const std::string name = file.filename().string().substr(file_start.size());
    int64_t taken = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), taken).ec == std::errc()) seconds = std::max(seconds, taken + 1);
  }
  return seconds;
}

[[noreturn]] void fail(const fs::path& file, int error) {
  throw Error(fmt::format("cannot write \"{}\": {}", file.string(), std::strerror(error)));
}

}  // namespace

std::vector<fs::path> event_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with(file_start)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

EventWriter::EventWriter(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(folder, error.value());
  const int64_t seconds = seconds_after(event_files(folder));
  for (int number = 0; descriptor_ < 0; ++number) {
    file_ = folder / fmt::format("{}{:010}.{}.{}.{}", file_start, seconds, host_name("localhost"), ::getpid(), number);
    descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST && errno != EINTR) fail(file_, errno);
  }
  append(tf_record(version_event(now())));
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
  append(tf_record(scalar_event({now(), step, tag}, static_cast<float>(value))));
}

void EventWriter::image(std::string_view tag, int64_t step, const PngPicture& picture) {
  append(tf_record(image_event({now(), step, tag}, picture)));
}

void EventWriter::text(std::string_view tag, int64_t step, std::string_view markdown) {
  append(tf_record(text_event({now(), step, tag}, markdown)));
}

void EventWriter::settings(const std::vector<BoardSetting>& settings) { append(tf_record(settings_event(now(), settings))); }

void EventWriter::finished() { append(tf_record(finished_event(now()))); }

void EventWriter::purge(int64_t step) { append(tf_record(purge_event(now(), step))); }

void EventWriter::flush() {
  if (::fsync(descriptor_) != 0) fail(file_, errno);
}

}  // namespace lafs::formats
