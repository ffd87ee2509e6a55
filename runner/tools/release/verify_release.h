#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "runner/tools/release/verdicts.h"

namespace lafs {

struct VerifyReleaseRequest {
  std::filesystem::path folder;  ///< with the released files
  std::filesystem::path rows;    ///< folder of row recipes
  MeasureOptions measure;
  bool published_only = false;  ///< only under the published convention
};

/// A file that was found and is of no use.
struct UselessFile {
  std::filesystem::path file;
  std::string why;
};

struct ReleaseReport {
  std::filesystem::path folder;
  std::vector<std::string> notes;
  std::vector<ReleaseNetwork> networks;
  std::vector<UselessFile> useless;
  std::vector<ReleaseSet> sets;
  std::vector<std::filesystem::path> record_sets;
  std::vector<RowOutcome> rows;
  std::vector<std::string> missing;  ///< what a whole release has beside, a sentence each

  /// Whether a file could not be read, imported or measured.
  bool has_faults() const;
  bool has(Verdict verdict) const;  ///< of a published value
  /// Whether a published value was reproduced, and every other that was measured too.
  bool agrees() const { return has(Verdict::pass) && !has(Verdict::fail) && !has(Verdict::cannot_tell); }
};

/// Recognises what lies in a folder, imports every network with a full account, measures each on each set under each contract, and
/// compares the published rows. With `measure.out` the report is also written there, as report.json. A broken file is in the report and
/// does not stop the others. Throws Error for a folder in which nothing was recognised, and for row recipes that cannot be read. [main
/// thread]
ReleaseReport verify_release(const VerifyReleaseRequest& request, Registry& registry);

/// For the terminal.
std::string release_text(const ReleaseReport& report);
/// {"folder", "networks": [..], "useless": [..], "sets": [..], "record_sets": [..], "measurements": [..], "rows": [..], "missing": [..]}
nlohmann::json release_json(const ReleaseReport& report);

}  // namespace lafs
