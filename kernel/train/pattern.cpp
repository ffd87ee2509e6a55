#include "kernel/train/pattern.h"

#include <fnmatch.h>

#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace {

/// Of "rank<=1".
int64_t rank_in(const std::string& pattern, const std::string& where) {
  int64_t rank = 0;
  const char* const end = pattern.data() + pattern.size();
  if (const auto [last, error] = std::from_chars(pattern.data() + 6, end, rank); error != std::errc() || last != end)
    throw Error(fmt::format("{}: the pattern \"{}\" has no whole number after \"{}\"", where, pattern, pattern.substr(0, 6)));
  return rank;
}

}  // namespace

bool chooses(const std::string& pattern, const std::string& name, const at::Tensor& parameter, const std::string& where) {
  if (pattern.starts_with("rank<=")) return parameter.dim() <= rank_in(pattern, where);
  if (pattern.starts_with("rank>=")) return parameter.dim() >= rank_in(pattern, where);
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

}  // namespace lafs
