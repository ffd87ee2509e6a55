#include "kernel/ledger/file_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>

#include "formats/file_text.h"
#include "formats/host_name.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// A process, told apart from others that had its number before or have it on another machine.
struct Holder {
  std::string host;
  std::string boot;  ///< of the machine: numbers of processes begin again with each
  int64_t process = 0;
  std::string start;  ///< of the process, in the kernel's ticks

  bool operator==(const Holder&) const = default;
  std::string text() const { return fmt::format("{} {} {} {}\n", host, boot, process, start); }
};

std::string first_word(const fs::path& file) {
  std::ifstream in(file);
  std::string word;
  in >> word;
  return word.empty() ? "unknown" : word;
}

/// When a process began, by /proc; "gone" for one that does not exist. The name of its program may hold spaces and brackets.
std::string start_of(int64_t process) {
  const std::string all = formats::file_text(fmt::format("/proc/{}/stat", process)).value_or("");
  const size_t end_of_name = all.rfind(')');
  if (end_of_name == std::string::npos) return "gone";
  std::istringstream fields(all.substr(end_of_name + 1));
  std::string field;
  for (int i = 0; i < 20; ++i) fields >> field;  // fields 3 to 22 of proc(5)
  return field;
}

Holder this_process() {
  return {formats::host_name("unknown"), first_word("/proc/sys/kernel/random/boot_id"), ::getpid(), start_of(::getpid())};
}

bool is_gone(const Holder& holder) {
  const Holder own = this_process();
  if (holder.host != own.host) return false;
  return holder.boot != own.boot || start_of(holder.process) != holder.start;
}

/// What a holder file says. Its writer may be between making and filling it; one that stays cut, as by a full disk, is of a process that
/// is gone.
Holder read_holder(const fs::path& file) {
  Holder holder;
  for (int attempt = 0; attempt < 10; ++attempt) {
    std::ifstream in(file);
    if (in >> holder.host >> holder.boot >> holder.process >> holder.start) return holder;
    ::usleep(50'000);
  }
  holder = this_process();
  holder.start = "cut";
  return holder;
}

/// Moves the file of a holder that is gone out of the way. Another process may have replaced it meanwhile: what was moved is looked at,
/// and put back if it is not the stale one.
void remove_stale(const fs::path& file, const Holder& gone) {
  const fs::path aside = fmt::format("{}.{}.stale", file.string(), ::getpid());
  std::error_code lost;
  fs::rename(file, aside, lost);
  if (lost) return;
  if (read_holder(aside) == gone) {
    fs::remove(aside, lost);
  } else {
    fs::rename(aside, file, lost);
  }
}

/// Whether the file was made by this call and holds the text.
bool make_exclusively(const fs::path& file, const std::string& text) {
  const int handle = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (handle < 0 && errno == EEXIST) return false;
  const bool written = handle >= 0 && ::write(handle, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int reason = errno;
  if (handle >= 0) ::close(handle);
  if (!written) throw Error(fmt::format("cannot write \"{}\": {}", file.string(), std::strerror(reason)));
  return true;
}

}  // namespace

FileLock::FileLock(const fs::path& file) : file_(file), holder_file_(file.string() + ".holder") {
  handle_ = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (handle_ < 0) throw Error(fmt::format("cannot write \"{}\": {}", file.string(), std::strerror(errno)));
  held_ = ::flock(handle_, LOCK_EX | LOCK_NB) == 0;
  if (held_ || errno == EWOULDBLOCK) return;
  try {
    hold_by_file(errno);
  } catch (...) {
    ::close(handle_);
    throw;
  }
}

FileLock::~FileLock() {
  std::error_code ignored;
  if (held_ && !note_.empty()) fs::remove(holder_file_, ignored);
  ::close(handle_);
}

void FileLock::hold_by_file(int reason) {
  note_ = fmt::format("the file system of \"{}\" has no locks ({}); \"{}\" keeps other processes out instead", file_.string(),
                      std::strerror(reason), holder_file_.string());
  const std::string own = this_process().text();
  held_ = make_exclusively(holder_file_, own);
  if (held_) return;
  const Holder other = read_holder(holder_file_);
  if (is_gone(other)) {
    remove_stale(holder_file_, other);
    held_ = make_exclusively(holder_file_, own);
  }
  if (!held_) {
    holder_ =
        fmt::format("process {} on host {}; if that process is gone, remove \"{}\"", other.process, other.host, holder_file_.string());
  }
}

}  // namespace lafs
