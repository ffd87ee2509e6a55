#include "kernel/run/result_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lafs {

ResultFacts result_facts(const Recipe& recipe, const std::string& fingerprint, const std::string& evaluation_data,
                         const RunPosition& position, int64_t damaged) {
  ResultFacts facts{
      {"training_identity", recipe.identity}, {"evaluation_identity", recipe.evaluation_identity}, {"data_fingerprint", fingerprint}};
  if (!evaluation_data.empty()) facts.emplace_back("evaluation_data", evaluation_data);
  if (position.best_step >= 0) facts.emplace_back("best_step", std::to_string(position.best_step));
  if (position.ended_early) facts.emplace_back("ended_early", fmt::format("{} evaluations without a gain", position.without_gain));
  if (damaged > 0) facts.emplace_back("damaged_pictures", std::to_string(damaged));
  if (!position.left_out.empty()) facts.emplace_back("left_out_steps", fmt::format("{}", fmt::join(position.left_out, ", ")));
  return facts;
}

}  // namespace lafs
