#include "kernel/ledger/metrics_log.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "formats/atomic_file.h"
#include "lafs/error.h"

namespace lafs {

namespace {

using Line = nlohmann::ordered_json;

std::string text_of(const Line& line) { return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"; }

/// What a log holds of the first `step` steps: records of a step count from 0, an evaluation says how many steps were done, and the one
/// after `step` is left out where it is due again. A last line without its end was being written when the run died.
std::string lines_before(const std::filesystem::path& file, int64_t step, bool evaluation_due) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(fmt::format("cannot read \"{}\"", file.string()));
  const std::string all((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::string kept;
  int64_t number = 1;
  for (size_t start = 0, end = 0; (end = all.find('\n', start)) != std::string::npos; start = end + 1, ++number) {
    const std::string line = all.substr(start, end - start + 1);
    const auto parsed = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!parsed.is_object() || !parsed.contains("step") || !parsed["step"].is_number_integer()) {
      throw Error("this line holds no step").at(fmt::format("{}:{}", file.string(), number));
    }
    if (parsed["step"].get<int64_t>() < step + (parsed.contains("evaluation") && !evaluation_due ? 1 : 0)) kept += line;
  }
  return kept;
}

}  // namespace

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
