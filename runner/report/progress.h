#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace lafs {

/// What a run says on stderr while it works: one line that is rewritten on a terminal, a plain line about every 5 s elsewhere. [main
/// thread]
class Progress {
 public:
  Progress(bool quiet, int64_t total_steps, int64_t first_step);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` optimizer steps of the whole run are done; `waiting_share` of the time, in [0, 1], went into waiting for data.
  void step(int64_t done, int64_t epoch, double loss, double lr, double images_per_second, double waiting_share);
  void message(const std::string& text);  ///< a line of its own, unless quiet
  void finish();                          ///< leaves the last state on the screen

 private:
  using Clock = std::chrono::steady_clock;
  void show(const std::string& line);

  bool quiet_, terminal_, open_line_ = false;
  int64_t total_, first_;
  Clock::time_point start_, shown_;
  std::string last_;
};

/// The same for work on pictures, or on what `noun` says: how many, how fast, how long still; about once a second on a terminal. [one
/// thread at a time]
class PictureProgress {
 public:
  /// `first` of the `total` were done before.
  PictureProgress(bool quiet, int64_t first, int64_t total, const char* noun = "pictures");
  ~PictureProgress();  ///< ends the line, so that what follows has its own
  PictureProgress(const PictureProgress&) = delete;
  PictureProgress& operator=(const PictureProgress&) = delete;
  void show(int64_t done);

 private:
  using Clock = std::chrono::steady_clock;
  bool quiet_, terminal_, open_line_ = false;
  int64_t first_, total_;
  const char* noun_;
  Clock::time_point start_ = Clock::now(), shown_ = start_;
};

/// How far the reading of pictures for the fingerprint of the data is, where that takes long enough to be noticed. [one thread at a time]
class ReadingProgress {
 public:
  explicit ReadingProgress(bool quiet) : quiet_(quiet) {}
  void show(int64_t done, int64_t total);
  void finish() { shown_.reset(); }

 private:
  bool quiet_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::optional<PictureProgress> shown_;
};

/// A line for every tenth of the pictures, for work that reports only how far it is.
std::function<void(int64_t done, int64_t total)> tenths_of_pictures();

/// 83 -> "1:23", 7384 -> "2:03:04"; "-:--" for what cannot be known.
std::string duration_text(double seconds);

/// The text of a progress line, without colours. `width` columns at most; the bar gives way first.
struct ProgressState {
  int64_t done = 0, total = 0, epoch = 0;
  double loss = 0, lr = 0, images_per_second = 0, waiting_share = 0, seconds_left = -1;
};
std::string progress_line(const ProgressState& state, int64_t width, bool bar);

}  // namespace lafs
