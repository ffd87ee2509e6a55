#include "runner/tools/verify_resume/compare.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/safetensors.h"

namespace lafs {

namespace {

bool same_kind(const formats::TensorInfo& a, const formats::TensorInfo& b) { return a.dtype == b.dtype && a.shape == b.shape; }

void compare_files(const std::filesystem::path& first, const std::filesystem::path& second, Comparison& out) {
  const formats::SafetensorsReader a(first), b(second);
  for (const formats::TensorInfo& info : a.tensors()) {
    ++out.tensors;
    const formats::TensorInfo* other = b.find(info.name);
    const auto ours = a.bytes(info);
    out.bytes += static_cast<int64_t>(ours.size());
    if (!other) {
      out.different.push_back(info.name + ": only in the first");
    } else if (!same_kind(info, *other)) {
      out.different.push_back(info.name + ": another type or shape");
    } else if (const auto theirs = b.bytes(*other); !std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end())) {
      const auto parting = std::mismatch(ours.begin(), ours.end(), theirs.begin()).first - ours.begin();
      out.different.push_back(fmt::format("{}: from byte {} on", info.name, parting));
    }
  }
  for (const formats::TensorInfo& info : b.tensors()) {
    if (!a.find(info.name)) out.different.push_back(info.name + ": only in the second");
  }
}

}  // namespace

Comparison compare_checkpoints(const std::filesystem::path& first, const std::filesystem::path& second) {
  Comparison comparison;
  for (const char* file : {"weights.safetensors", "optimizer.safetensors"}) compare_files(first / file, second / file, comparison);
  return comparison;
}

}  // namespace lafs
