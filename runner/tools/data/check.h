#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "kernel/data/source_findings.h"
#include "kernel/model/open_source.h"
#include "lafs/parallel.h"
#include "runner/tools/data/check_model.h"

namespace lafs {

/// A data source to be looked through before a training.
struct DataCheckRequest {
  SourceRequest source;
  RecipeContext context;
  std::filesystem::path against;  ///< another source, to find what both have; empty: none
  ModelCheckRequest model;
  int64_t threads = hardware_threads();
  int64_t listed = 20;  ///< of each suspicious finding, in text
  bool decode_only = false, record = false, quiet = false, json = false;
};

/// The source, opened, and what was found.
struct DataCheck {
  OpenSource open, other;
  SourceFindings findings;
  std::optional<ModelFindings> model;
  bool decode_only = false;

  /// Something that ends a training: a damaged picture, an identity without a whole one.
  bool ends_training() const { return !findings.check.whole(); }
};

/// Looks a source through, with progress on the screen, and prints what was found as text or JSON; with `record` also keeps it for later
/// runs. [main thread]
DataCheck check_data_source(const DataCheckRequest& request, Registry& registry);

}  // namespace lafs
