#include <cstdint>
#include <map>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ranks/contention.h"
#include "runner/report/progress.h"
#include "runner/tools/plan/number_text.h"
#include "runner/tools/plan/plan.h"
#include "runner/tools/plan/time_text.h"

namespace lafs {

namespace {

using nlohmann::json;

std::string mebibytes(const json& bytes) { return fmt::format("{:.1f} MiB", static_cast<double>(bytes.get<int64_t>()) / (1 << 20)); }

std::string facts_text(const json& plan) {
  const auto number = [&](const char* key) { return plan.at(key).get<int64_t>(); };
  const auto count = [&](const char* key) { return count_text(number(key)); };
  std::string text = fmt::format("{}{}\nidentity {}\n\n", plan.at("recipe").get<std::string>(),
                                 plan.contains("stage") ? ", stage " + plan.at("stage").get<std::string>() : "",
                                 plan.at("training_identity").get<std::string>());
  text += fmt::format("data        {} images of {} identities{}\n", count("images"),
                      number("identities") > 0 ? count("identities") : "an unknown number of",
                      plan.at("data_is_there").get<bool>() ? "" : " (from the recipe; the data was not found)");
  text += fmt::format("length      {:.6g} epochs, {} micro-batches an epoch, batch {} x {}, {} optimizer steps{}\n",
                      plan.at("epochs").get<double>(), count("micro_batches_per_epoch"), count("batch"), count("accumulate"),
                      count("steps"), number("steps") == number("steps_of_all_epochs") ? "" : " of " + count("steps_of_all_epochs"));
  if (const int64_t left_out = number("left_out_per_epoch"); 10 * left_out >= number("images"))
    text += fmt::format("{:<11} {} of {} images are left out of each epoch, others each time: they fill no whole batch\n", "",
                        count("left_out_per_epoch"), count("images"));
  for (const auto& [key, title] : {std::pair("lr", "lr"), {"weight_decay", "decay"}}) {
    const json& s = plan.at(key);
    text += fmt::format("{:<11} first {}, largest {} at step {}, last {}\n", title, rate_text(s.at("first")), rate_text(s.at("largest")),
                        count_text(s.at("largest_at_step")), rate_text(s.at("last")));
    if (!s.at("ends_in_warmup").get<bool>()) continue;
    const double peak = s.at("peak").get<double>();
    text += fmt::format("{:<11} the run ends {}: {}\n", "",
                        s.at("last").get<double>() < peak ? fmt::format("in its warm-up and never reaches {:.6g}", peak)
                                                          : "with its warm-up, so that it only rises",
                        number("steps") < number("steps_of_all_epochs") ? "[run] steps stops it early; total_steps would fit both to it"
                                                                        : "warmup_epochs is as long as the run");
  }
  return text;
}

std::string tables_text(const json& plan) {
  std::string text = fmt::format("\n{:<44} {:>14} {:>14}\n", "module", "parameters", "trainable");
  for (const json& m : plan.at("modules")) {
    text += fmt::format("{:<44} {:>14} {:>14}\n", m.at("path").get<std::string>(), count_text(m.at("parameters")),
                        count_text(m.at("trainable")));
  }
  text += fmt::format("\n{:<44} {:>8} {:>14} {:>10} {:>8}\n", "group (first parameter)", "tensors", "elements", "lr scale", "decay");
  for (const json& g : plan.at("groups")) {
    text += fmt::format("{:<44} {:>8} {:>14} {:>10.6g} {:>8.6g}\n", g.at("first").get<std::string>(), g.at("tensors").get<int64_t>(),
                        count_text(g.at("elements")), g.at("lr_scale").get<double>(), g.at("weight_decay").get<double>());
  }
  if (!plan.at("layer_groups").empty())
    text += fmt::format("layer_decay would make {} groups of these; it is not applied, and all layers have one rate (quirk FT-01)\n",
                        plan.at("layer_groups").size());
  return text;
}

/// Settings whose value nobody knows, and how many are known or derived.
std::string statuses_text(const json& plan) {
  std::string unknown;
  std::map<std::string, int64_t> counts;
  for (const json& status : plan.at("statuses")) {
    const auto text = [&](const char* key) { return status.at(key).get<std::string>(); };
    ++counts[text("status")];
    if (text("status") == "unknown") unknown += fmt::format("  {} = {}: {}\n", text("key"), text("value"), text("why"));
  }
  if (counts.empty()) return "";
  const std::string others = fmt::format("{} derived, {} known", counts["derived"], counts["known"]);
  if (unknown.empty()) return fmt::format("\nsettings    with a status: {}\n", others);
  return fmt::format("\nunknown settings, beside {}:\n{}", others, unknown);
}

std::string published_text(const json& plan) {
  std::string text;
  for (const json& published : plan.at("published")) {
    const auto word = [&](const char* key) { return published.at(key).get<std::string>(); };
    text += fmt::format("published   {} = {:.6g}{}{}{}\n", word("metric"), published.at("value").get<double>(),
                        word("evaluator").empty() ? "" : fmt::format(" of \"{}\"", word("evaluator")),
                        word("source").empty() ? "" : fmt::format(" ({})", word("source")),
                        word("status").empty() ? "" : "; " + word("status"));
  }
  for (const json& deviation : plan.at("deviations")) text += fmt::format("deviation   {}\n", deviation.get<std::string>());
  return text.empty() ? "" : "\n" + text;
}

std::string cost_text(const json& plan) {
  const json& memory = plan.at("memory");
  std::string text = fmt::format("\nmemory      weights {}, gradients {}, optimizer {}{}\n", mebibytes(memory.at("weights")),
                                 mebibytes(memory.at("gradients")), mebibytes(memory.at("optimizer")),
                                 memory.contains("peak_estimate") ? ", peak about " + mebibytes(memory.at("peak_estimate")) : "");
  const bool probed = plan.contains("probe");
  if (!probed && !plan.contains("estimate")) return text;
  const json& speed = plan.at(probed ? "probe" : "estimate");
  const auto real = [&](const char* key) { return speed.at(key).get<double>(); };
  text += fmt::format("time        about {} on {}, without evaluations ({:.3g} images/s", time_text(real("seconds_estimate")),
                      plan.at("device").get<std::string>(), real("images_per_second"));
  if (probed) {
    text += fmt::format(" over {} steps of {} images)\n", speed.at("steps").get<int64_t>(), speed.at("batch").get<int64_t>());
  } else {
    text += fmt::format(
        ",\n            estimated from the matrix-product speed, {:.0f} GFLOP/s, and {:.3g} GFLOP an image:\n"
        "            no step fits into the time of the probe, see --probe-seconds)\n",
        real("product_gflops"), real("image_gflop"));
  }
  const std::string warning = contention_warning(plan.at("core_share").get<double>(), plan.at("threads").get<int64_t>());
  return text + (warning.empty() ? "" : fmt::format("cores       {}\n", warning));
}

}  // namespace

std::string time_text(double seconds) {
  constexpr double day = 86400;
  return seconds < 10 * day ? duration_text(seconds) : fmt::format("{:.0f} days", seconds / day);
}

std::string plan_text(const json& plan) {
  return facts_text(plan) + tables_text(plan) + statuses_text(plan) + published_text(plan) + cost_text(plan);
}

}  // namespace lafs
