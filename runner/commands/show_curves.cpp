#include "runner/tools/show/curves.h"

#include <memory>

#include <CLI/CLI.hpp>

#include "runner/commands/show.h"

namespace lafs {

Command add_show_curves(CLI::App& show) {
  auto curves = std::make_shared<ShowCurves>();
  CLI::App* command = show.add_subcommand("curves", "draw ROC and DET curves and histograms of scores, of one model or several");
  command->add_option("model", curves->models, "run folders, or files of lafs eval --out")->required()->expected(1, 8)->type_name("MODEL");
  command->add_option("--evaluator", curves->evaluator, "only the curves of this evaluator")->type_name("NAME");
  command->add_option("--out", curves->out, "PNG file to write")->type_name("FILE")->capture_default_str();
  command->add_flag("--force", curves->force, "overwrite the file");
  command->footer("  lafs show curves runs/arcface runs/cosface --out curves.png");
  return {command, [curves](const Invocation&) {
            show_curves(*curves);
            return done;
          }};
}

}  // namespace lafs
