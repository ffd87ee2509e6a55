#pragma once
#include <algorithm>
#include <string>
#include <vector>

namespace lafs {

/// Sentences for the screen and for the manifest of a run, each once and none empty: training and evaluation may read the same data.
class Notes {
 public:
  void add(const std::string& text) {
    if (!text.empty() && std::find(all_.begin(), all_.end(), text) == all_.end()) all_.push_back(text);
  }
  void add(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) add(text);
  }
  const std::vector<std::string>& all() const { return all_; }

 private:
  std::vector<std::string> all_;
};

}  // namespace lafs
