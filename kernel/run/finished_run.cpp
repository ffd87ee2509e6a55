#include "kernel/run/finished_run.h"

#include <fmt/format.h>

#include "kernel/model/assembly.h"
#include "kernel/results/results_json.h"
#include "kernel/run/data_change.h"

namespace lafs {

namespace {

/// So that the next time contents are compared. A folder that cannot be written keeps what it has.
void remember(const std::filesystem::path& folder, FinishedRun& run, const std::string& print) {
  run.results["data_fingerprint"] = run.data_fingerprint = print;
  try {
    rewrite_results(folder, run.results);
  } catch (const Error&) {
  }
}

}  // namespace

std::optional<FinishedRun> finished_run(const Recipe& recipe, const std::filesystem::path& folder, OtherData other) {
  auto run = read_finished_run(recipe, folder);
  if (!run) return run;
  const auto unheard = [](const std::string&) {};
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::if_there, unheard);
  if (!assembly.has_data()) return run;
  const std::string now = data_fingerprint(*assembly.data(), {}, unheard);
  if (now == run->data_fingerprint) return run;
  if (run->data_fingerprint == assembly.data()->fingerprint()) {
    remember(folder, *run, now);
    return run;
  }
  run->other_data = true;
  if (other == OtherData::told) return run;
  throw Error(
      fmt::format("\"{}\" was trained on other data (fingerprint {}, now {}); restore that data, give another --out, or go on with "
                  "--accept-data REASON, which is recorded",
                  folder.string(), run->data_fingerprint, now));
}

}  // namespace lafs
