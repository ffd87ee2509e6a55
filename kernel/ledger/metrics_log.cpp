#include "kernel/ledger/metrics_log.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "formats/atomic_file.h"
#include "formats/file_text.h"
#include "lafs/error.h"

namespace lafs {

namespace {

using Line = nlohmann::ordered_json;

std::string text_of(const Line& line) { return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"; }

std::string content_of(const std::filesystem::path& file) {
  auto text = formats::file_text(file);
  if (!text) throw Error(fmt::format("cannot read \"{}\"", file.string()));
  return std::move(*text);
}

/// A line of a log; nothing of any other.
std::optional<nlohmann::json> line_of(const std::string& text) {
  auto parsed = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object() || !parsed.contains("step") || !parsed["step"].is_number_integer()) return std::nullopt;
  return parsed;
}

/// Bytes up to the end of the last whole line. What follows was being written when the machine or the run died.
size_t sound_bytes(const std::string& all) {
  size_t end = all.rfind('\n') + 1;
  while (end > 0) {
    const size_t start = end == 1 ? 0 : all.rfind('\n', end - 2) + 1;
    if (line_of(all.substr(start, end - start))) break;
    end = start;
  }
  return end;
}

/// What is whole of a log. Throws Error for a file that is not a log at all.
std::string sound_text(const std::filesystem::path& file) {
  std::string all = content_of(file);
  const size_t sound = sound_bytes(all);
  if (sound == 0 && all.find('\n') != std::string::npos) throw Error("this line holds no step").at(fmt::format("{}:1", file.string()));
  all.resize(sound);
  return all;
}

/// What a log holds of the first `step` steps: records of a step count from 0, an evaluation says how many steps were done, and the one
/// after `step` is left out where it is due again.
std::string lines_before(const std::filesystem::path& file, int64_t step, bool evaluation_due) {
  const std::string all = sound_text(file);
  std::string kept;
  int64_t number = 1;
  for (size_t start = 0, end = 0; (end = all.find('\n', start)) != std::string::npos; start = end + 1, ++number) {
    const std::string line = all.substr(start, end - start + 1);
    const auto parsed = line_of(line);
    if (!parsed) throw Error("this line holds no step").at(fmt::format("{}:{}", file.string(), number));
    if (parsed->at("step").get<int64_t>() < step + (parsed->contains("evaluation") && !evaluation_due ? 1 : 0)) kept += line;
  }
  return kept;
}

}  // namespace

std::string metrics_fault(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "metrics.jsonl";
  if (!std::filesystem::exists(file)) return fmt::format("\"{}\" is missing: what was logged before is lost", file.string());
  const size_t damaged = std::filesystem::file_size(file) - sound_text(file).size();
  return damaged == 0 ? "" : fmt::format("the end of \"{}\", {} bytes, is damaged and removed", file.string(), damaged);
}

struct MetricsLog::State {
  explicit State(const std::filesystem::path& folder) : file(folder / "metrics.jsonl"), out(file, std::ios::app | std::ios::binary) {
    if (!out) throw Error(fmt::format("cannot write \"{}\"", file.string()));
  }

  /// Each line goes out at once: a run that dies loses none.
  void put(const Line& line) {
    out << text_of(line) << std::flush;
    if (!out) throw Error(fmt::format("cannot write \"{}\"; is the disk full?", file.string()));
  }
  std::filesystem::path file;
  std::ofstream out;
};

MetricsLog::MetricsLog(const std::filesystem::path& folder, int64_t resume_step, bool evaluation_due) {
  std::filesystem::create_directories(folder);
  const std::filesystem::path file = folder / "metrics.jsonl";
  if (std::filesystem::exists(file)) formats::write_atomically(file, lines_before(file, resume_step, evaluation_due));
  state_ = std::make_unique<State>(folder);
}

MetricsLog::~MetricsLog() = default;

void MetricsLog::step(const StepRecord& record) {
  Line line{{"step", record.step},
            {"epoch", record.epoch},
            {"loss", record.loss},
            {"lr", record.lr},
            {"weight_decay", record.weight_decay},
            {"gradient_norm", record.gradient_norm},
            {"images_per_second", record.images_per_second}};
  for (const auto& [name, value] : record.values) line[line.contains(name) ? "objective/" + name : name] = value;
  state_->put(line);
}

std::string MetricsLog::note(int64_t step, const std::string& text) {
  state_->put({{"step", step}, {"note", text}});
  return fmt::format("step {}: {}", step, text);
}

void MetricsLog::evaluation(int64_t step, const std::vector<NamedMetrics>& results) {
  for (const NamedMetrics& named : results) {
    Line line{{"step", step}, {"evaluation", named.name}};
    for (const Metric& metric : named.metrics.values) {
      line[metric.full_name()] = metric.value;
      if (metric.standard_error > 0) line[metric.full_name() + "_error"] = metric.standard_error;
    }
    state_->put(line);
  }
}

}  // namespace lafs
