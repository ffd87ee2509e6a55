#include "runner/tools/bench/bench.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/ranks/contention.h"
#include "kernel/ranks/device.h"
#include "kernel/run/row_session.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

nlohmann::json to_json(const Ceilings& c) {
  return {{"processor", c.processor},     {"features", c.features},       {"threads", c.threads},
          {"fp32_gflops", c.fp32_gflops}, {"bf16_gflops", c.bf16_gflops}, {"copy_gbytes", c.copy_gbytes}};
}

nlohmann::json to_json(const StepTimes& t) {
  nlohmann::json parts = nlohmann::json::object();
  for (const auto& [name, seconds] : t.parts) parts[name] = seconds;
  return {{"steps", t.steps},
          {"batch", t.batch},
          {"accumulate", t.accumulate},
          {"data_is_there", t.data_is_there},
          {"step_seconds", t.step_seconds},
          {"images_per_second", t.images_per_second},
          {"part_seconds", parts},
          {"decode_milliseconds", t.decode_milliseconds},
          {"augment_milliseconds", t.augment_milliseconds},
          {"peak_bytes", t.peak_bytes},
          {"device_peak_bytes", t.device_peak_bytes},
          {"trace_events", t.trace_events},
          {"loss", t.loss}};
}

void print_machine(const Ceilings& c) {
  fmt::print("machine     {}, {} threads; {}\n", c.processor, c.threads,
             c.features.empty() ? "no vector features known" : fmt::format("{}", fmt::join(c.features, " ")));
  fmt::print("ceilings    {:.0f} GFLOP/s fp32, {:.0f} bf16 (matrix product), {:.1f} GB/s (copy)\n", c.fp32_gflops, c.bf16_gflops,
             c.copy_gbytes);
}

void print_times(const StepTimes& t, const std::string& precision) {
  fmt::print("step        {:.1f} ms, {:.2f} images/s: median of {} steps of {} x {} pictures, {}{}\n", 1e3 * t.step_seconds,
             t.images_per_second, t.steps, t.batch, t.accumulate, precision, t.data_is_there ? "" : ", of noise: the data is not there");
  double sum = 0;
  for (const auto& part : t.parts) sum += part.second;
  for (const auto& [name, seconds] : t.parts) fmt::print("  {:<10}{:>10.2f} ms {:>6.1f} %\n", name, 1e3 * seconds, 100 * seconds / sum);
  fmt::print("loader      {:.3f} ms to decode and {:.3f} ms to augment a picture, on one thread\n", t.decode_milliseconds,
             t.augment_milliseconds);
  const auto mebibytes = [](int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
  fmt::print("memory      {:.0f} MiB at most{}\n", mebibytes(t.peak_bytes),
             t.device_peak_bytes > 0 ? fmt::format(", and {:.0f} MiB on the GPU", mebibytes(t.device_peak_bytes)) : "");
}

}  // namespace

BenchReport bench(const Row& row, const std::string& stage, BenchOptions options) {
  const auto stages = chosen_stages(row, stage);
  if (stages.size() > 1)
    throw Error(fmt::format("\"{}\" has the stages {}; pick one with --stage", row.file.string(), fmt::join(row.names(), ", ")));
  Recipe recipe = stages.front()->recipe;
  open_device(recipe.run.device, {recipe.run.tf32, recipe.run.deterministic});  // before any other call of torch
  recipe.init.clear();                                                          // the values of the weights do not change the time
  BenchReport report{title_of(row, *stages.front()), recipe.run.precision, measure_ceilings(), {}};
  const double before = core_share(report.machine.threads);
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (terminal) options.tell = [&](int64_t step) { say("\rstep {} of {} ", step + 1, options.steps + options.warm_up); };
  report.times = bench_steps(recipe, options);
  if (terminal) say("\r\x1b[K");
  report.core_share = std::min(before, core_share(report.machine.threads));
  return report;
}

nlohmann::json bench_json(const BenchReport& report) {
  return {{"recipe", report.title},
          {"precision", report.precision},
          {"machine", to_json(report.machine)},
          {"core_share", report.core_share},
          {"step", to_json(report.times)}};
}

void print_bench(const BenchReport& report, const BenchOptions& options) {
  fmt::print("{}\n\n", report.title);
  print_machine(report.machine);
  if (const std::string warning = contention_warning(report.core_share, report.machine.threads); !warning.empty())
    fmt::print("cores       {}\n", warning);
  print_times(report.times, report.precision);
  if (report.times.trace_events > 0) {
    fmt::print("trace       {}: {} events of {} more steps; open it in chrome://tracing or ui.perfetto.dev\n", options.trace.string(),
               report.times.trace_events, options.traced_steps);
  }
}

}  // namespace lafs
