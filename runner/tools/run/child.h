#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

namespace lafs {

/// A process of our own, whose standard output is thrown away. Its end must be waited for.
class Child {
 public:
  /// Throws Error when the program cannot be started.
  explicit Child(const std::vector<std::string>& command);

  bool running();
  void signal(int number);
  void kill();  ///< with signal 9
  /// Exit status, or -1 when a signal ended it.
  int wait();
  /// After wait(): whether kill() ended it, and not its own end or another signal.
  bool was_killed() const;

 private:
  pid_t id_ = 0;
  int status_ = 0;
  bool over_ = false;
};

}  // namespace lafs
