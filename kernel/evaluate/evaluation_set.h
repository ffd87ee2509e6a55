#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "kernel/recipe/document.h"
#include "kernel/registry/registry.h"

namespace lafs {

/// A set to measure models on, named by its path alone: `lafs eval MODEL --on SET`.
struct EvaluationSetRequest {
  std::filesystem::path path;
  std::filesystem::path pictures;  ///< folder of a pair list's pictures; empty: the list's folder
  int64_t impostors = 3000;        ///< pairs of two people that are drawn from a folder or a record set at most; LFW has as many
};

/// Evaluators with their data, as tables of a recipe in TOML. What the path holds decides:
///   verification set (`.bin`)           `verification` on its pairs
///   list of pairs                       `verification` on pictures of the folder `pictures`
///   folder with meta/ and loose_crop/   IJB: `template_verification`, and `identification_1n` where the galleries are there
///   folder with Probe/, Gallery_Match/  TinyFace: `tinyface`
///   folder per person, record set       `verification` on pairs drawn from it, and `retrieval`
/// Throws Error for a path that is none of these, saying what it is. [main thread]
std::string evaluation_tables(const EvaluationSetRequest& request, Registry& registry);

}  // namespace lafs
