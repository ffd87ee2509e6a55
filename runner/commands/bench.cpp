#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "kernel/run/row_session.h"
#include "runner/commands/command.h"
#include "runner/report/say.h"
#include "runner/tools/bench/ceilings.h"
#include "runner/tools/bench/step_bench.h"

namespace lafs {

namespace {

struct BenchArguments {
  std::filesystem::path recipe;
  RecipeArguments common;
  BenchOptions options;
  bool json = false;
};

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
  fmt::print("memory      {:.0f} MiB at most\n", static_cast<double>(t.peak_bytes) / (1 << 20));
}

int run(BenchArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  const Row row = open_row(arguments.recipe, arguments.common.context(), registry);
  const auto stages = chosen_stages(row, arguments.common.stage);
  if (stages.size() > 1) {
    std::vector<std::string> names;
    for (const Stage* stage : stages) names.push_back(stage->name);
    throw Error(fmt::format("\"{}\" has the stages {}; pick one with --stage", arguments.recipe.string(), fmt::join(names, ", ")));
  }
  Recipe recipe = stages.front()->recipe;
  recipe.init.clear();  // numbers take as long whatever they are
  const Ceilings ceilings = measure_ceilings();
  const bool terminal = isatty(STDERR_FILENO) != 0;
  BenchOptions& options = arguments.options;
  if (terminal) options.tell = [&](int64_t step) { say("\rstep {} of {} ", step + 1, options.steps + options.warm_up); };
  const StepTimes times = bench_steps(recipe, options);
  if (terminal) say("\r\x1b[K");
  if (arguments.json) {
    const nlohmann::json json{{"recipe", title_of(row, *stages.front())},
                              {"precision", recipe.run.precision},
                              {"machine", to_json(ceilings)},
                              {"step", to_json(times)}};
    fmt::print("{}\n", json_text(json));
    return done;
  }
  fmt::print("{}\n\n", title_of(row, *stages.front()));
  print_machine(ceilings);
  print_times(times, recipe.run.precision);
  if (times.trace_events > 0) {
    fmt::print("trace       {}: {} events of {} steps more; open it in chrome://tracing or ui.perfetto.dev\n", options.trace.string(),
               times.trace_events, options.traced_steps);
  }
  return done;
}

}  // namespace

Action add_bench(CLI::App& app) {
  auto arguments = std::make_shared<BenchArguments>();
  CLI::App* command = app.add_subcommand("bench", "time a training step of a recipe, part by part");
  command->add_option("recipe", arguments->recipe, "recipe, a TOML file")->required()->type_name("FILE");
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "time this stage of a row");
  command->add_option("--steps", arguments->options.steps, "steps to time")->check(CLI::Range(1, 100000))->capture_default_str();
  command->add_option("--warm-up", arguments->options.warm_up, "steps before them")->check(CLI::Range(0, 1000))->capture_default_str();
  CLI::Option* trace = command
                           ->add_option("--trace", arguments->options.trace,
                                        "also write a Chrome trace of some steps more: each operation, the parts around them, the loader")
                           ->type_name("FILE");
  command->add_option("--trace-steps", arguments->options.traced_steps, "steps to trace")
      ->check(CLI::Range(1, 100))
      ->capture_default_str()
      ->needs(trace);
  command->add_flag("--json", arguments->json, "the figures as JSON");
  command->footer(
      "Parts: load is the time the step waits for pictures; hooks are what the objective does before and after the update.\n"
      "Weights of [[init]] are not loaded. Where the training data is not there, noise stands for it.");
  return [arguments](const Invocation& invocation) { return run(*arguments, invocation); };
}

}  // namespace lafs
