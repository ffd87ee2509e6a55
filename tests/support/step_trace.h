#pragma once
/// Optimizer steps of the reference's pre-training (golden README, set 5), repeated with our objective and optimizer.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "support/golden.h"
#include "support/training.h"

namespace lafs::test {

/// One recorded run. Every size and count is the files': steps, batch, views, widths. Errors are collected by `worst` and held against
/// their limits at the end, so that one report shows them all.
class StepTrace {
 public:
  nlohmann::json settings;
  Tensors inputs, trace;
  HandAssembly assembly;
  std::shared_ptr<Objective> objective;
  HandStep hand;

  /// The files a set must have before it can be repeated.
  static bool ready(const std::string& set);

  /// `options`: more of the objective's table.
  StepTrace(const std::string& set, const std::string& objective_name, const std::string& backbone, const std::string& options = "");

  int64_t steps() const { return static_cast<int64_t>(settings.at("lr").size()); }
  at::Tensor parameter(const std::string& network, const std::string& name) const;
  std::vector<std::string> names() const { return settings.at("parameter_names"); }
  at::Tensor of(int64_t s, const std::string& what) const;
  bool has(int64_t s, const std::string& what) const;

  /// The pictures of a step of the DINO sets: "global" and, where the run has them, "local" views.
  HandBatch pictures(int64_t s) const;

  /// Compares the logits of both networks for groups of pictures, or of tokens, each [V,B,...]; the first group is the teacher's. Without
  /// chance, before the step.
  void compare_logits(int64_t s, const std::vector<at::Tensor>& groups, bool tokens);

  /// One step; every number that the files have of it is compared.
  void step(int64_t s, const Batch& batch, std::shared_ptr<const Draws> draws);

  /// All steps of a run on pictures, then `finish`.
  void run_on_pictures();

  /// Compares the final weights and holds every error against its limit: the golden README's, or what bf16 leaves of it.
  void finish();

  void worst(const std::string& what, double error);

 private:
  at::Tensor logits(const std::string& network, const std::vector<at::Tensor>& groups, bool tokens) const;
  Timeline time_of(int64_t s) const;
  void make_optimizer();
  void check_schedules(int64_t s);
  void clip(int64_t s);
  void compare_norms(int64_t s);
  void compare_final(const std::string& network);
  void check_worst() const;

  std::string set_;
  std::vector<std::shared_ptr<HandGroup>> groups_;
  std::shared_ptr<Optimizer> optimizer_;
  std::map<std::string, double> worst_;
};

}  // namespace lafs::test
