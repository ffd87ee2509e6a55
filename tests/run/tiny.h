#pragma once
/// A recipe of drawn faces that trains in a second, and what tests ask of its run folder.
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/program.h"

namespace lafs::test {

namespace fs = std::filesystem;

inline const char* const tiny_text = R"([run]
seed = 3
epochs = 2
batch = 8
threads = 1
loader_threads = 1
log_every = 1
device = "cpu"

[input]
height = 32
width = 32

[data_source]
use = "synthetic_faces"
identities = 8
per_identity = 6
size = 32

[augmentation]
use = "face_supervised"

[backbone]
use = "fvit"
dim = 24
depth = 1
heads = 2
dim_head = 12
mlp_dim = 32

[head]
use = "cosface"

[objective]
use = "identification"

[optimizer]
use = "adamw"
lr = 1e-3

[[evaluator]]
use = "verification"
genuine = 20
impostor = 20
folds = 5
baseline = false

[evaluator.data]
use = "synthetic_faces"
first_identity = 1000
identities = 6
per_identity = 4
size = 32
)";

/// Enough steps for a signal to find the run in the middle; it is evaluated at the end only.
inline const Arguments long_run{"--set", "run.epochs=60", "--set", "run.evaluate_every=0", "--set", "run.checkpoint_every=10"};

inline Arguments operator+(Arguments first, const Arguments& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

inline std::string in_quotes(const fs::path& path) { return "\"" + path.string() + "\""; }

/// The tiny recipe in a folder of its own.
class Tiny {
 public:
  explicit Tiny(const std::string& text = tiny_text) { write_bytes(recipe(), text); }

  fs::path recipe() const { return folder_ / "tiny.toml"; }
  fs::path operator/(const std::string& name) const { return folder_ / name; }
  Arguments arguments(const std::string& out, const Arguments& more = {}) const {
    return Arguments{"run", recipe(), "--out", folder_ / out, "--quiet"} + more;
  }
  Outcome run(const std::string& out, const Arguments& more = {}) const { return lafs(arguments(out, more)); }

 private:
  ScratchFolder folder_;
};

/// Bytes of what was trained: weights and the optimizer's state.
inline std::string trained(const fs::path& run) {
  const fs::path last = run / "checkpoints" / "last";
  return read_bytes(last / "weights.safetensors") + read_bytes(last / "optimizer.safetensors");
}

inline nlohmann::json json_file(const fs::path& file) { return nlohmann::json::parse(read_bytes(file)); }

/// What the newest session of a run noted before its first step, a line each.
inline std::string notes_of(const fs::path& run) {
  std::string all;
  const auto manifest = json_file(run / "manifest.json");
  for (const auto& note : manifest.at("sessions").back().at("notes")) all += note.get<std::string>() + "\n";
  return all;
}

/// The log without what the clock decides.
inline std::vector<nlohmann::json> log_of(const fs::path& run) {
  std::vector<nlohmann::json> lines;
  std::istringstream in(read_bytes(run / "metrics.jsonl"));
  for (std::string line; std::getline(in, line);) {
    lines.push_back(nlohmann::json::parse(line));
    lines.back().erase("images_per_second");
  }
  return lines;
}

/// Value of a metric of the first evaluator in results as JSON.
inline double metric(const nlohmann::json& results, const std::string& name) {
  for (const auto& value : results.at("evaluators").at(0).at("values")) {
    if (value.at("name") == name) return value.at("value").get<double>();
  }
  throw std::runtime_error("no metric " + name);
}

}  // namespace lafs::test
