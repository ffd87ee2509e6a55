#include "kernel/ledger/checkpoint_state.h"

#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/checkpoint_folder.h"
#include "kernel/ledger/run_folder.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

// One list of fields for each record: writing and reading cannot differ.

template <typename Scaler, typename Visit>
void each_scaler_field(Scaler& scaler, const Visit& visit) {
  visit("scale", scaler.scale);
  visit("growth_counter", scaler.growth_counter);
  visit("skipped", scaler.skipped);
  visit("in_a_row", scaler.in_a_row);
}

template <typename Input, typename Visit>
void each_input_field(Input& input, const Visit& visit) {
  visit("preset", input.preset);
  visit("height", input.height);
  visit("width", input.width);
  visit("colour", input.colour);
  visit("mean", input.mean);
  visit("std", input.std);
  visit("flip", input.flip);
  visit("alignment", input.alignment);
  visit("interpolation", input.interpolation);
  visit("score", input.score);
}

template <typename Position, typename Visit>
void each_position_field(Position& position, const Visit& visit) {
  visit("step", position.step);
  visit("micro_batch", position.micro);
  visit("total_steps", position.total);
  visit("best_score", position.best_score);
  visit("best_step", position.best_step);
}

template <typename Facts, typename Visit>
void each_fact(Facts& facts, const Visit& visit) {
  visit("training_identity", facts.identity);
  visit("data_fingerprint", facts.data_fingerprint);
  visit("identities", facts.identities);
  visit("recipe", facts.recipe);
}

template <typename Facts, typename Visit>
void each_encoder_field(Facts& facts, const Visit& visit) {
  visit("path", facts.encoder);
  visit("plugin", facts.backbone);
  visit("options", facts.backbone_options);
}

template <typename Network, typename Visit>
void each_network_field(Network& network, const Visit& visit) {
  visit("path", network.path);
  visit("plugin", network.plugin);
  visit("options", network.options);
}

auto writer(nlohmann::json& json) {
  return [&json](const char* key, const auto& value) { json[key] = value; };
}

auto reader(const nlohmann::json& json) {
  return [&json](const char* key, auto& value) { json.at(key).get_to(value); };
}

}  // namespace

nlohmann::json input_json(const InputContract& input) {
  nlohmann::json json;
  each_input_field(input, writer(json));
  if (input.shift != InputContract().shift) json["shift"] = input.shift;
  return json;
}

InputContract input_from_json(const nlohmann::json& json) {
  InputContract input;
  each_input_field(input, reader(json));
  input.shift = json.value("shift", input.shift);
  return input;
}

nlohmann::json checkpoint_state_json(const RunPosition& position, const CheckpointFacts& facts) {
  nlohmann::json json;
  each_position_field(position, writer(json));
  each_fact(facts, writer(json));
  each_encoder_field(facts, writer(json["encoder"]));
  for (const NetworkFacts& network : facts.networks) each_network_field(network, writer(json["networks"].emplace_back()));
  json["input"] = input_json(facts.input);
  if (position.evaluation_due) json["evaluation_due"] = true;
  if (position.stays) json["stays"] = true;
  if (position.without_gain > 0) json["evaluations_without_gain"] = position.without_gain;
  if (position.ended_early) json["ended_early"] = true;
  if (!position.left_out.empty()) json["left_out_steps"] = position.left_out;
  if (position.scaler) each_scaler_field(*position.scaler, writer(json["scaler"]));
  return json;
}

std::pair<RunPosition, CheckpointFacts> read_checkpoint_state(const fs::path& checkpoint) {
  const fs::path file = checkpoint / "state.json";
  std::ifstream in(file);
  if (!in) throw Error(fmt::format("\"{}\" is not a checkpoint: it has no state.json", checkpoint.string()));
  try {
    const auto json = nlohmann::json::parse(in);
    RunPosition position;
    each_position_field(position, reader(json));
    position.evaluation_due = json.value("evaluation_due", false);
    position.stays = json.value("stays", false);
    position.without_gain = json.value("evaluations_without_gain", int64_t{0});
    position.ended_early = json.value("ended_early", false);
    position.left_out = json.value("left_out_steps", std::vector<int64_t>());
    if (const auto scaler = json.find("scaler"); scaler != json.end()) each_scaler_field(position.scaler.emplace(), reader(*scaler));
    CheckpointFacts facts;
    each_fact(facts, reader(json));
    each_encoder_field(facts, reader(json.at("encoder")));
    if (const auto networks = json.find("networks"); networks != json.end()) {
      for (const auto& network : *networks) each_network_field(facts.networks.emplace_back(), reader(network));
    }
    facts.input = input_from_json(json.at("input"));
    return {position, facts};
  } catch (const nlohmann::json::exception& e) {
    const std::string what = e.what();  // "[json.exception.parse_error.101] parse error at line ..."
    throw Error(fmt::format("\"{}\" is damaged: {}", file.string(), what.substr(what.find("] ") + 2)));
  }
}

std::string recipe_place(const fs::path& checkpoint, const CheckpointFacts& facts) {
  const fs::path file = checkpoint.parent_path().parent_path() / "recipe.toml";
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str() == facts.recipe ? file.string() : (checkpoint / "state.json").string() + " recipe";
}

fs::path resolve_checkpoint(const fs::path& path) {
  std::error_code ignored;
  if (fs::exists(path / "state.json", ignored)) return path;
  const std::string name = path.filename().string();
  if ((name == "last" || name == "best") && path.parent_path().filename() == "checkpoints") {
    if (const fs::path found = CheckpointFolder(path.parent_path().parent_path()).find(name); !found.empty()) return found;
  }
  if (!fs::exists(path, ignored)) throw Error(fmt::format("\"{}\" does not exist", path.string()));
  for (const char* link : {"best", "last"}) {
    if (fs::exists(path / "checkpoints" / link / "state.json", ignored)) return path / "checkpoints" / link;
    if (const fs::path found = CheckpointFolder(path).find(link); !found.empty()) return found;
  }
  std::vector<std::string> runs;
  for (const std::string& run : runs_in(path)) runs.push_back(fmt::format("\"{}\"", (path / run).string()));
  if (!runs.empty()) throw Error(fmt::format("\"{}\" holds the runs of a row; give one of them: {}", path.string(), fmt::join(runs, ", ")));
  throw Error(fmt::format("\"{}\" is neither a checkpoint nor a run folder with one", path.string()));
}

}  // namespace lafs
