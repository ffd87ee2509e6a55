#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lafs::record_set {

/// The labels that pictures have, ascending, each once. Memory: a bit for each number up to the largest label, or 4 bytes a picture where
/// that is less.
std::vector<uint32_t> distinct_labels(int64_t pictures, int64_t largest, const std::function<int64_t(int64_t)>& label);

/// A sentence where numbers below `identities` have no picture; empty where all have one. `people` have pictures.
std::string gap_note(int64_t people, int64_t identities, bool from_zero);

}  // namespace lafs::record_set
