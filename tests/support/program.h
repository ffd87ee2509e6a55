#pragma once
/// The real program as a process: arguments, environment, its two outputs and exit status.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/bytes.h"
#include "support/scratch.h"
#include "support/skip.h"

namespace lafs::test {

using Arguments = std::vector<std::string>;
/// Changes to the environment: a value, or nothing to take the variable away.
using Environment = std::map<std::string, std::optional<std::string>>;

struct Outcome {
  int status = 0;  ///< exit status, or 128 + the signal that ended it
  std::string out, err;
};

/// A started command; standard input is empty. LAFS_DATA is taken away unless `environment` gives it: a test names its data itself.
class Program {
 public:
  explicit Program(const Arguments& command, Environment environment = {}) {
    runs();
    environment.emplace("LAFS_DATA", std::nullopt);
    std::vector<std::string> variables;
    for (char** item = environ; *item; ++item) {
      const std::string text = *item;
      if (!environment.contains(text.substr(0, text.find('=')))) variables.push_back(text);
    }
    for (const auto& [name, value] : environment) {
      if (value) variables.push_back(name + "=" + *value);
    }
    const std::string out = folder_ / "out", err = folder_ / "err";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int error = posix_spawnp(&id_, command.front().c_str(), &actions, nullptr, pointers(command).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    if (error) throw std::runtime_error("cannot start " + command.front());
  }
  ~Program() {
    if (!over_) {
      ::kill(id_, SIGKILL);
      ::waitpid(id_, &status_, 0);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  bool running() {
    if (!over_) over_ = ::waitpid(id_, &status_, WNOHANG) == id_;
    return !over_;
  }
  void signal(int number) const { ::kill(id_, number); }
  Outcome wait() {
    if (!over_) over_ = ::waitpid(id_, &status_, 0) == id_;
    return {WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_), read_bytes(folder_ / "out"), read_bytes(folder_ / "err")};
  }

 private:
  static std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
  }

  ScratchFolder folder_;
  pid_t id_ = 0;
  int status_ = 0;
  bool over_ = false;
};

/// `lafs ARGUMENTS` as a command.
inline Arguments command(Arguments arguments) {
  arguments.insert(arguments.begin(), LAFS_TEST_PROGRAM);
  return arguments;
}

/// Runs `lafs ARGUMENTS` to its end.
inline Outcome lafs(const Arguments& arguments, const Environment& environment = {}) {
  return Program(command(arguments), environment).wait();
}

/// Waits until the run's log has so many lines, or the run is over.
inline void wait_for_lines(Program& program, const std::filesystem::path& log, size_t lines) {
  const auto count = [&] {
    size_t n = 0;
    for (const char c : read_bytes(log)) n += c == '\n';
    return n;
  };
  while (count() < lines && program.running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace lafs::test
