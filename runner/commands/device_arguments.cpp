#include "runner/commands/device_arguments.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "lafs/error.h"
#include "runner/commands/arguments.h"

namespace lafs {

void DeviceArguments::add_to(CLI::App& command) {
  choice_option(command, "--device", device, {"auto", "cpu", "cuda"}, "auto: cuda if the machine has it; default run.device of the recipe");
  choice_option(command, "--precision", precision, {"fp32", "bf16", "fp16"},
                "precision of the forward pass; default run.precision of the recipe");
  command.add_option("--threads", threads, "threads that compute; default run.threads of the recipe")->check(CLI::Range(1, 1024));
}

void DeviceArguments::override_in(RecipeContext& context) const {
  const auto set = [&](const std::string& name, const std::string& value) {
    if (value.empty()) return;
    const std::string key = "run." + name;
    const auto is_set = [&](const auto& one) { return one.first == key; };
    if (std::any_of(context.overrides.begin(), context.overrides.end(), is_set))
      throw Error(fmt::format("give --{} or --set {}, not both", name, key));
    context.overrides.emplace_back(key, value);
  };
  set("device", device);
  set("precision", precision);
  set("threads", threads > 0 ? std::to_string(threads) : "");
}

}  // namespace lafs
