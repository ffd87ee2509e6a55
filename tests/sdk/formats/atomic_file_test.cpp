#include "formats/atomic_file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/scratch.h"

using namespace lafs;
using namespace lafs::formats;
using test::ScratchFolder;

namespace {

std::string error_of(const std::filesystem::path& file, std::string_view bytes) {
  return test::error_of([&] { write_atomically(file, bytes); });
}

size_t entries(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator all(folder);
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

TEST_CASE("atomic_file: the new bytes replace the old ones and nothing stays beside them") {
  const ScratchFolder folder;
  write_atomically(folder / "a.txt", "one");
  write_atomically(folder / "a.txt", std::string_view("t\0o", 3));
  CHECK(test::read_bytes(folder / "a.txt") == std::string("t\0o", 3));
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("atomic_file: a link stays, and what it leads to is replaced") {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder / "far");
  write_atomically(folder / "far" / "a.txt", "one");
  std::filesystem::create_symlink("far/a.txt", folder / "link");
  write_atomically(folder / "link", "two");
  CHECK(std::filesystem::is_symlink(folder / "link"));
  CHECK(test::read_bytes(folder / "far" / "a.txt") == "two");
  CHECK(entries(folder / "far") == 1);
}

TEST_CASE("atomic_file: a pipe gets the bytes and stays") {
  const ScratchFolder folder;
  const std::string pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDWR | O_NONBLOCK);
  REQUIRE(reader >= 0);
  write_atomically(pipe, "abc");
  std::string bytes(4, ' ');
  CHECK(::read(reader, bytes.data(), bytes.size()) == 3);
  CHECK(bytes == "abc ");
  ::close(reader);
  CHECK(std::filesystem::is_fifo(pipe));
  CHECK(entries(folder / ".") == 1);
}

TEST_CASE("atomic_file: what is not committed leaves the old file and no other") {
  const ScratchFolder folder;
  write_atomically(folder / "a.txt", "old");
  {
    AtomicFile file(folder / "a.txt");
    file.write("half of the new");
  }
  CHECK(test::read_bytes(folder / "a.txt") == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("atomic_file: two writers of one name do not meet; the later commit stays") {
  const ScratchFolder folder;
  AtomicFile first(folder / "a.txt"), second(folder / "a.txt");
  first.write("first");
  second.write("second");
  second.commit();
  first.commit();
  CHECK(test::read_bytes(folder / "a.txt") == "first");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("atomic_file: errors name the file and the system's reason") {
  const ScratchFolder folder;
  CHECK(error_of(folder / "absent/a.txt", "x") == "cannot write \"" + (folder / "absent/a.txt").string() + "\": No such file or directory");
  test::write_bytes(folder / "plain", "");
  CHECK(error_of(folder / "plain/a.txt", "x") == "cannot write \"" + (folder / "plain/a.txt").string() + "\": Not a directory");
  std::filesystem::create_directory(folder / "taken");
  CHECK(error_of(folder / "taken", "x") == "cannot write \"" + (folder / "taken").string() + "\": Is a directory");
  CHECK(entries(folder.path()) == 2);
}

TEST_CASE("atomic_file: an unwritable folder is an error that names the file") {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder / "locked");
  std::filesystem::permissions(folder / "locked", std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  // The superuser may write anywhere: /proc has a folder that even it may not write to.
  const std::filesystem::path file = ::geteuid() == 0 ? std::filesystem::path("/proc/self/a.txt") : folder / "locked/a.txt";
  const std::string reason = ::geteuid() == 0 ? "No such file or directory" : "Permission denied";
  CHECK(error_of(file, "x") == "cannot write \"" + file.string() + "\": " + reason);
}

TEST_CASE("atomic_file: a write cut short by the system is an error and leaves the old file") {
  const ScratchFolder folder;
  write_atomically(folder / "a.txt", "old");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    const bool limited = ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
    const bool reported =
        error_of(folder / "a.txt", std::string(5000, 'x')) == "cannot write \"" + (folder / "a.txt").string() + "\": File too large";
    ::_exit(limited && reported ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(test::read_bytes(folder / "a.txt") == "old");
  CHECK(entries(folder.path()) == 1);
}
