#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "lafs/parallel.h"
#include "runner/commands/arguments.h"
#include "runner/commands/data.h"
#include "runner/commands/given_options.h"
#include "runner/tools/data/pack.h"

namespace lafs {

namespace {

struct DataPackArguments {
  SourceArguments source;
  PackOptions options;
  std::string style = "range", chroma = "420";
  bool quiet = false;
};

int run_data_pack(DataPackArguments& arguments, const CLI::App& command, const Invocation& invocation) {
  if (arguments.options.format == "png") no_effect(command, {"--quality", "--chroma"}, "with --format png");
  PackOptions& options = arguments.options;
  options.style = arguments.style == "plain" ? formats::FaceWriter::Style::plain : formats::FaceWriter::Style::range;
  options.full_chroma = arguments.chroma == "444";
  Registry registry = load_plugins(invocation);
  const auto& [request, common] = arguments.source;
  return pack_source(open_source(request, common.context(), registry), options, arguments.quiet) ? done : stopped;
}

void add_options(CLI::App& command, PackOptions& options, std::string& style, std::string& chroma) {
  command.add_option("--out", options.out, "folder of the record set: train.rec, train.idx, property")->required()->type_name("DIR");
  choice_option(command, "--style", style, {"range", "plain"},
                "range: records that name the pictures of each identity; plain: pictures alone");
  choice_option(command, "--format", options.format, {"keep", "jpeg", "png"},
                "keep: JPEG and PNG bytes of the source as they are, else JPEG; jpeg, png: everything is encoded again");
  command.add_option("--quality", options.quality, "JPEG quality")->check(CLI::Range(1, 100))->capture_default_str();
  choice_option(command, "--chroma", chroma, {"420", "444"}, "resolution of colour in JPEG: 420 half, 444 full");
  command.add_option("--shards", options.shards, "files to write")->check(CLI::Range(1, 99999))->capture_default_str();
  command.add_option("--threads", options.threads, "threads that read and encode")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_flag("--count-line", options.count_line,
                   "a second line of the property file with the number of pictures, as img2rec.py writes");
  command.add_flag("--force", options.force, "replace a record set that exists");
}

}  // namespace

Command add_data_pack(CLI::App& data) {
  auto arguments = std::make_shared<DataPackArguments>();
  arguments->options.threads = hardware_threads();
  CLI::App* command = data.add_subcommand("pack", "write a data source as a face record set");
  arguments->source.add_to(*command);
  add_options(*command, arguments->options, arguments->style, arguments->chroma);
  command->add_flag("--quiet", arguments->quiet, "no progress");
  return {command, [arguments, command](const Invocation& invocation) { return run_data_pack(*arguments, *command, invocation); }};
}

}  // namespace lafs
