#include "kernel/run/finished_run.h"

#include <fmt/format.h>

#include "kernel/model/assembly.h"

namespace lafs {

std::optional<FinishedRun> finished_run(const Recipe& recipe, const std::filesystem::path& folder) {
  auto run = read_finished_run(recipe, folder);
  if (!run) return run;
  RecipeAssembly assembly(recipe, RecipeAssembly::Data::if_there, [](const std::string&) {});
  if (!assembly.has_data()) return run;
  if (const std::string now = assembly.data()->fingerprint(); now != run->data_fingerprint)
    throw Error(fmt::format("\"{}\" was trained on other data (fingerprint {}, now {})", folder.string(), run->data_fingerprint, now));
  return run;
}

}  // namespace lafs
