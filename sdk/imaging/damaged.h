#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace lafs::imaging {

/// Calls `decode` for every index in [0, size) on `threads` threads, and returns those for which it threw Error, with the text. Any other
/// exception ends the search and is thrown again. What a data source needs to leave damaged pictures out when it is opened.
///
///     for (const auto& [index, reason] : find_damaged(size(), threads, [&](int64_t i) { read_image(file(i)); })) ...
std::map<int64_t, std::string> find_damaged(int64_t size, int64_t threads, const std::function<void(int64_t)>& decode);

}  // namespace lafs::imaging
