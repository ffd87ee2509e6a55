#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "runner/commands/command.h"
#include "runner/tools/doctor/doctor.h"

namespace lafs {

namespace {

int run_doctor(bool as_json, const Invocation& invocation) {
  const auto all = diagnose(invocation.program);
  if (as_json) {
    fmt::print("{}\n", diagnosis_json(all).dump(1));
  } else {
    print_diagnosis(all);
  }
  return is_healthy(all) ? done : failed;
}

}  // namespace

Command add_doctor(CLI::App& app) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("doctor", "check this installation: compiler, LibTorch, processor, GPU, every plugin, data, disk");
  command->footer("Exit status: 0 all is well, 1 something is wrong; the line below each problem says what to do.");
  command->add_flag("--json", *as_json, "as JSON");
  return {command, [as_json](const Invocation& invocation) { return run_doctor(*as_json, invocation); }};
}

}  // namespace lafs
