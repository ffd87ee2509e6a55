#include "runner/tools/run/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "lafs/error.h"

extern char** environ;

namespace lafs {

Child::Child(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  for (const std::string& part : command) argv.push_back(const_cast<char*>(part.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // Standard output is for the result of this process only.
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const int error = posix_spawn(&id_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error) throw Error(fmt::format("cannot start \"{}\": {}", command.front(), std::strerror(error)));
}

bool Child::running() {
  if (!over_) over_ = ::waitpid(id_, &status_, WNOHANG) == id_;
  return !over_;
}

void Child::signal(int number) {
  if (!over_) ::kill(id_, number);
}

void Child::kill() { signal(SIGKILL); }

int Child::wait() {
  if (!over_ && ::waitpid(id_, &status_, 0) == id_) over_ = true;
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
}

bool Child::was_killed() const { return WIFSIGNALED(status_) && WTERMSIG(status_) == SIGKILL; }

}  // namespace lafs
