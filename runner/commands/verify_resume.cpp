#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/results/json_text.h"
#include "runner/commands/arguments.h"
#include "runner/commands/command.h"
#include "runner/tools/verify_resume/verify_resume.h"

namespace lafs {

namespace {

struct VerifyResumeArguments {
  VerifyRequest request;
  RecipeArguments common;
  bool json = false;
};

int run_verify_resume(VerifyResumeArguments& arguments, const Invocation& invocation) {
  VerifyRequest& request = arguments.request;
  request.program = invocation.program;
  request.set = arguments.common.set;
  request.context = arguments.common.context();
  request.stage = arguments.common.stage;
  request.inputs = arguments.common.inputs;
  Registry registry = load_plugins(invocation);
  const Verification result = verify_resume(request, registry);
  fmt::print("{}", arguments.json ? json_text(verification_json(result)) + "\n" : verification_text(result));
  return result.equal() ? done : failed;
}

}  // namespace

Command add_verify_resume(CLI::App& app) {
  auto arguments = std::make_shared<VerifyResumeArguments>();
  VerifyRequest& request = arguments->request;
  CLI::App* command = app.add_subcommand("verify-resume", "prove on a recipe that a killed and continued run equals a straight one");
  recipe_argument(*command, request.recipe);
  command->add_option("--steps", request.steps, "optimizer steps of each run")->check(CLI::Range(2, 1000000000))->capture_default_str();
  command->add_option("--kill-at", request.kill_at, "kill after this many steps; default a random number")->type_name("STEP");
  command->add_option("--out", request.out, "keep both runs in this folder; default a temporary one, removed when equal")->type_name("DIR");
  arguments->common.add_to(*command);
  arguments->common.add_stage_to(*command, "the stage of a row to run");
  arguments->common.add_inputs_to(*command);
  command->add_flag("--json", arguments->json, "the result as JSON");
  command->footer("Exit status 0: every tensor of weights and optimizer state is equal, byte for byte; 1: it lists where they differ.");
  return computing({command, [arguments](const Invocation& invocation) { return run_verify_resume(*arguments, invocation); }});
}

}  // namespace lafs
