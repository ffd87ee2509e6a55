#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "kernel/evaluate/model_diagnosis.h"
#include "kernel/results/json_text.h"
#include "runner/commands/command.h"
#include "runner/commands/measured_arguments.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

struct DiagnoseArguments {
  DiagnosisRequest request;
  MeasuredArguments measured;
  bool json = false, quiet = false;
};

int run_diagnose(DiagnoseArguments& arguments, const Invocation& invocation) {
  DiagnosisRequest& request = arguments.request;
  request.evaluation = arguments.measured.request();
  if (!arguments.quiet && !arguments.json) request.trying = [](const std::string& what) { say("trying {}\n", what); };
  Registry registry = load_plugins(invocation);
  const ModelDiagnosis diagnosis = diagnose_model(request, registry);
  fmt::print("{}", arguments.json ? json_text(diagnosis_json(diagnosis)) + "\n" : diagnosis_text(diagnosis));
  if (diagnosis.verdict == DiagnosisVerdict::problem) return problem_found;
  return diagnosis.verdict == DiagnosisVerdict::cannot_tell ? cannot_tell : done;
}

}  // namespace

Command add_diagnose(CLI::App& app) {
  auto arguments = std::make_shared<DiagnoseArguments>();
  CLI::App* command =
      app.add_subcommand("diagnose", "find out why the number of a model is off: input contract, weights, exchanged layers");
  arguments->measured.add_to(*command);
  command->get_option("--on")->description(
      "compare the pairs of this set: a .bin file, a list of pairs, a folder per person, a record set; IJB and TinyFace have none");
  command->add_option("--pairs", arguments->request.pairs, "pairs that are compared, half of them genuine")
      ->check(CLI::Range(4, 1000000))
      ->capture_default_str();
  command->add_option("--seconds", arguments->request.seconds, "time for layers that may have been exchanged; 0: do not look")
      ->check(CLI::Range(0, 86400))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "as JSON");
  command->add_flag("--quiet,-q", arguments->quiet, "no progress");
  command->footer(
      "Weights and layers of ONNX, Caffe and TorchScript files are not looked at, only their input contract.\n"
      "Exit status: 0 no problem was found, 1 the command failed, 2 the command line or the recipe is wrong, 3 a problem was found, 4 the\n"
      "pairs cannot tell. The last lines say what to change.");
  return computing({command, [arguments](const Invocation& invocation) { return run_diagnose(*arguments, invocation); }});
}

}  // namespace lafs
