#include "runner/tools/show/hardest.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/show.h"

namespace lafs {

Command add_show_hardest(CLI::App& show) {
  auto hardest = std::make_shared<ShowHardest>();
  CLI::App* command = show.add_subcommand("hardest", "draw the pictures that evaluators list: the worst false accepts and false rejects");
  command->add_option("results", hardest->results, "a run folder, or a file of lafs eval --out")->required()->type_name("RESULTS");
  command->add_option("--evaluator", hardest->evaluator, "only the lists of this evaluator")->type_name("NAME");
  command->add_option("--items,-n", hardest->items, "show at most this many items of a list")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_option("--out", hardest->out, "PNG file to write")->type_name("FILE")->capture_default_str();
  command->add_flag("--force", hardest->force, "overwrite the file");
  command->footer(
      "Pictures are drawn as the network was fed, with their scores, the most wrong first. How many items evaluators list is their option\n"
      "hardest; report.html has the same pictures.\n"
      "  lafs show hardest runs/arcface --out hardest.png\n"
      "  lafs eval mobilefacenet.onnx --on lfw.bin --out lfw.json && lafs show hardest lfw.json");
  return {command, [hardest](const Invocation& invocation) {
            Registry registry = load_plugins(invocation);
            show_hardest(*hardest, registry);
            return done;
          }};
}

}  // namespace lafs
