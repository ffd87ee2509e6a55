#pragma once
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lafs/error.h"

namespace lafs::conformance {

/// Runs `work(thread)` in so many threads at once; returns the texts of what they threw or reported.
inline std::vector<std::string> in_threads(int count, const std::function<std::string(int)>& work) {
  std::vector<std::string> complaints;
  std::mutex guard;
  const auto run = [&](int thread) {
    std::string complaint;
    try {
      complaint = work(thread);
    } catch (const std::exception& error) {
      complaint = sentence_of(error);
    } catch (...) {
      complaint = "something that is not a std::exception was thrown";
    }
    const std::lock_guard lock(guard);
    if (!complaint.empty()) complaints.push_back(complaint);
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back(run, i);
  }
  return complaints;
}

}  // namespace lafs::conformance
