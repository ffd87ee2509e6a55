#pragma once
#include <algorithm>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs::conformance {

/// One promise that a plugin does not keep.
struct Finding {
  std::string promise;  ///< "eval is deterministic"
  std::string what;     ///< what was seen
};

/// What a suite found about a plugin; empty when it keeps every promise. [one thread at a time]
class Findings {
 public:
  void add(const std::string& promise, std::string what) {
    tried(promise);
    items_.push_back({promise, std::move(what)});
  }
  void expect(bool kept, const std::string& promise, const std::string& what) {
    tried(promise);
    if (!kept) add(promise, what);
  }

  /// Runs a check; anything it throws is a finding.
  template <typename Check>
  void guard(const std::string& promise, Check check) {
    tried(promise);
    try {
      check();
    } catch (const std::exception& error) {
      add(promise, fmt::format("it throws: {}", sentence_of(error)));
    } catch (...) {
      add(promise, "it throws something that is not a std::exception");
    }
  }

  /// The call must throw `Wanted`, with `mention` in its text. Returns the text.
  template <typename Wanted, typename Call>
  std::string expect_throw(const std::string& promise, const std::string& mention, Call call) {
    tried(promise);
    try {
      call();
    } catch (const Wanted& error) {
      const std::string text = error.what();
      if (text.find(mention) == std::string::npos) add(promise, fmt::format("the error does not say '{}': {}", mention, text));
      return text;
    } catch (const std::exception& error) {
      const std::string text = sentence_of(error);
      add(promise, fmt::format("it throws something other than lafs::Error: {}", text));
      return text;
    } catch (...) {
      add(promise, "it throws something that is not a std::exception");
      return "";
    }
    add(promise, "nothing is thrown");
    return "";
  }

  bool empty() const { return items_.empty(); }
  const std::vector<Finding>& items() const { return items_; }
  /// Promises in the order of their first trial.
  std::vector<std::string> kept() const { return promises(false); }
  std::vector<std::string> broken() const { return promises(true); }
  std::string text() const {
    std::string lines;
    for (const Finding& item : items_) lines += fmt::format("\n  {}: {}", item.promise, item.what);
    return lines;
  }

 private:
  void tried(const std::string& promise) {
    if (std::find(tried_.begin(), tried_.end(), promise) == tried_.end()) tried_.push_back(promise);
  }
  std::vector<std::string> promises(bool broken) const {
    std::vector<std::string> some;
    for (const std::string& promise : tried_) {
      const bool found = std::any_of(items_.begin(), items_.end(), [&](const Finding& item) { return item.promise == promise; });
      if (found == broken) some.push_back(promise);
    }
    return some;
  }

  std::vector<std::string> tried_;  ///< without repeats
  std::vector<Finding> items_;
};

}  // namespace lafs::conformance
