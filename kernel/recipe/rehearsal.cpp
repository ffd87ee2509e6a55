#include "kernel/recipe/rehearsal.h"

#include <filesystem>

#include "kernel/recipe/options.h"
#include "kernel/recipe/status.h"

namespace lafs {

namespace {

constexpr int64_t micro_batch = 4, optimizer_steps = 12, steps_between_evaluations = 6;
constexpr double epochs_between_evaluations = 1.5;

/// What a recipe writes for a key of `[run]`, or else its default.
template <typename T>
T written(const Node& tree, std::string_view key, T by_default) {
  const Node* run = tree.find("run");
  const Node* node = run ? run->find(key) : nullptr;
  if (!node) return by_default;
  if (const auto* whole = std::get_if<int64_t>(&node->value)) return static_cast<T>(*whole);
  if (const auto* real = std::get_if<double>(&node->value)) return static_cast<T>(*real);
  return by_default;
}

template <typename T>
Field setting(const std::string& key, T value) {
  Node node{value};
  node.position = node.key = {"rehearsal"};
  return {key, node};
}

}  // namespace

Node::Fields rehearsal_settings(const Node& tree) {
  const RunOptions defaults;
  Node::Fields settings;
  if (written(tree, "batch", defaults.batch) > micro_batch) settings.push_back(setting("run.batch", micro_batch));
  const int64_t steps = written(tree, "steps", defaults.steps);
  if (steps == 0 || steps > optimizer_steps) settings.push_back(setting("run.steps", optimizer_steps));
  if (written(tree, "evaluate_steps", defaults.evaluate_steps) > steps_between_evaluations)
    settings.push_back(setting("run.evaluate_steps", steps_between_evaluations));
  const double every = written(tree, "evaluate_every", defaults.evaluate_every);
  if (every > 0 && every < epochs_between_evaluations) settings.push_back(setting("run.evaluate_every", epochs_between_evaluations));
  settings.push_back(setting("run.log_every", 1));
  // The pictures are there to be counted.
  settings.push_back(setting("run.images", 0));
  settings.push_back(setting("run.identities", 0));
  if (const Node* own = tree.find("rehearsal"); own && own->fields())
    settings.insert(settings.end(), own->fields()->begin(), own->fields()->end());
  return settings;
}

Roots rehearsal_roots(const Roots& roots, const std::string& folder) {
  Roots generated{{"data", (std::filesystem::path(folder) / "data").string()}};
  for (const auto& [name, unused] : roots) generated[name] = (std::filesystem::path(folder) / name).string();
  return generated;
}

void check_rehearsal(const Node& table, const Node& settings, Diagnostics& diagnostics) {
  for (const Field& field : *table.fields()) find_setting(settings, "rehearsal", field, diagnostics);
}

}  // namespace lafs
