#include "runner/report/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "runner/report/say.h"

namespace lafs {

namespace {

int64_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

std::string bar_text(double share, int64_t cells) {
  const auto full = static_cast<int64_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(cells));
  std::string out;
  for (int64_t i = 0; i < cells; ++i) out += i < full ? "━" : i == full ? "╸" : " ";
  return out;
}

}  // namespace

std::function<void(int64_t, int64_t)> tenths_of_pictures() {
  return [last = int64_t{-1}](int64_t done, int64_t total) mutable {
    const int64_t percent = total ? 100 * done / total : 100;
    if (percent / 10 != last / 10 || last < 0) say("embedded {} of {} pictures\n", done, total);
    last = percent;
  };
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 3.6e9) return "-:--";
  const int64_t whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string progress_line(const ProgressState& s, int64_t width, bool bar) {
  const std::string total = std::to_string(s.total);
  const std::string rate =
      s.images_per_second < 100 ? fmt::format("{:.1f}", s.images_per_second) : fmt::format("{:.0f}", s.images_per_second);
  std::string text = fmt::format("{:>{}}/{}  epoch {}  loss {:.4f}  lr {:.2e}  {} images/s  ETA {}", s.done, total.size(), total, s.epoch,
                                 s.loss, s.lr, rate, duration_text(s.seconds_left));
  // A loader that keeps up is not worth a word.
  if (s.waiting_share >= 0.005) text += fmt::format("  data wait {:.0f} %", 100 * s.waiting_share);
  const int64_t room = width - static_cast<int64_t>(text.size()) - 1;
  if (bar && room >= 8) {
    const double share = s.total > 0 ? static_cast<double>(s.done) / static_cast<double>(s.total) : 0;
    return bar_text(share, std::min<int64_t>(room, 24)) + " " + text;
  }
  return text.substr(0, static_cast<size_t>(std::max<int64_t>(width, 20)));
}

Progress::Progress(bool quiet, int64_t total_steps, int64_t first_step)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1), total_(total_steps), first_(first_step), start_(Clock::now()) {}

Progress::~Progress() { finish(); }

void Progress::step(int64_t done, int64_t epoch, double loss, double lr, double images_per_second, double waiting_share) {
  if (quiet_) return;
  const Clock::time_point now = Clock::now();
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  ProgressState state{done, total_, epoch, loss, lr, images_per_second, waiting_share, -1};
  if (done > first_)
    state.seconds_left = elapsed / static_cast<double>(done - first_) * static_cast<double>(std::max<int64_t>(total_ - done, 0));
  last_ = progress_line(state, terminal_ ? terminal_columns() - 1 : 200, terminal_);
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
  const bool first = shown_ == Clock::time_point();
  if (first || done >= total_ || now - shown_ >= pause) {
    shown_ = now;
    show(last_);
    last_.clear();
  }
}

void Progress::show(const std::string& line) {
  if (terminal_) {
    std::fputs(("\r\033[K" + line).c_str(), stderr);
    std::fflush(stderr);
    open_line_ = true;
  } else {
    std::fputs((line + "\n").c_str(), stderr);
  }
}

void Progress::message(const std::string& text) {
  if (quiet_) return;
  std::fputs(((open_line_ ? "\r\033[K" : "") + text + "\n").c_str(), stderr);
  open_line_ = false;
}

PictureProgress::PictureProgress(bool quiet, int64_t first, int64_t total, const char* noun)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1), first_(first), total_(total), noun_(noun) {}

void PictureProgress::show(int64_t done) {
  const Clock::time_point now = Clock::now();
  if (quiet_ || (done < total_ && now - shown_ < std::chrono::seconds(terminal_ ? 1 : 5))) return;
  shown_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done - first_) / std::max(seconds, 1e-9);
  say("{}{} of {} {}, {:.{}f}/s, {} left{}", terminal_ ? "\r\x1b[K" : "", done, total_, noun_, rate, rate < 10 ? 1 : 0,
      duration_text(static_cast<double>(total_ - done) / rate), terminal_ && done < total_ ? "" : "\n");
  open_line_ = terminal_ && done < total_;
}

void ReadingProgress::show(int64_t done, int64_t total) {
  if (quiet_ || (!shown_ && std::chrono::steady_clock::now() - start_ < std::chrono::seconds(1))) return;
  if (!shown_) {
    say("reading the pictures once for the fingerprint of the data\n");
    shown_.emplace(quiet_, done, total);
  }
  shown_->show(done);
}

PictureProgress::~PictureProgress() {
  if (open_line_) std::fputs("\n", stderr);
}

void Progress::finish() {
  if (!last_.empty()) show(last_);
  last_.clear();
  if (open_line_) std::fputs("\n", stderr);
  open_line_ = false;
}

}  // namespace lafs
