#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/recipe/document.h"
#include "kernel/registry/registry.h"

namespace lafs {

/// Every `count`-th cell of a grid, from the `number`-th on, counted from 1.
struct Shard {
  int64_t number = 1, count = 1;
};

/// "2/8". Throws Error for anything else, and for a number that is not one of so many.
Shard shard_of(const std::string& text);

struct AblateRequest {
  std::filesystem::path grid;
  std::filesystem::path out;     ///< folder of the grid; empty: runs/<grid>
  std::filesystem::path ledger;  ///< empty: stages in `out`, or without that runs/stages
  RecipeContext context;         ///< overrides of every cell
  int64_t jobs = 1;              ///< processes
  Shard shard;
  bool dry_run = false;       ///< only say what there is to do, and what it costs
  double probe_seconds = 10;  ///< time to measure the speed of stages in, of a dry run
  bool yes = false;           ///< a grid of many cells is not asked about
  bool quiet = false, json = false;
  std::vector<std::string> command;  ///< argv, for manifests
  std::filesystem::path program;     ///< of further jobs
};

enum class AblateEnd { done, failed, interrupted };  ///< failed: a cell at least

/// Runs the cells of a grid and prints its table. Throws Error or RecipeError. [main thread]
AblateEnd ablate(const AblateRequest& request, Registry& registry);

}  // namespace lafs
