#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "formats/face_records.h"
#include "imaging/decode.h"
#include "kernel/data/pack.h"
#include "kernel/results/json_text.h"
#include "kernel/run/interrupt.h"
#include "lafs/encoded_of.h"
#include "runner/commands/source_arguments.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

struct PackArguments {
  SourceArguments source;
  PackOptions options;
  std::string style = "range", chroma = "420";
  bool quiet = false;
};

struct InfoArguments {
  SourceArguments source;
  int64_t sample = 100;
  bool json = false;
};

OpenSource open(const SourceArguments& arguments, const Invocation& invocation) {
  Registry registry = load_plugins(invocation);
  return arguments.open(registry);
}

std::string size_text(const std::pair<int64_t, int64_t>& size) { return fmt::format("{}x{}", size.first, size.second); }

std::string style_text(bool range) { return range ? "range" : "plain"; }

int run_pack(PackArguments& arguments, const Invocation& invocation) {
  const OpenSource source = open(arguments.source, invocation);
  for (const std::string& note : source.notes) say("{}\n", note);
  PackOptions& options = arguments.options;
  options.style = arguments.style == "plain" ? formats::FaceWriter::Style::plain : formats::FaceWriter::Style::range;
  options.full_chroma = arguments.chroma == "444";
  catch_interrupts();
  PackResult result;
  try {
    PictureProgress progress(arguments.quiet, 0, source.source->size());
    result = pack(*source.source, options, [&](int64_t finished) {
      progress.show(finished);
      return !interrupted();
    });
  } catch (const Error& error) {
    if (!interrupted()) throw;
    say("lafs: {}\n", error.what());
    return stopped;
  }
  if (result.style != options.style) say("more keys than range style holds: the set was written in plain style\n");
  if (result.sizes.size() > 1) say("pictures have {} different sizes; the property file names the commonest\n", result.sizes.size());
  fmt::print("{} pictures of {} identities in {}, {} style, {} copied without loss, {} bytes\n", result.pictures,
             source.source->identities(), options.out.string(), style_text(result.style == formats::FaceWriter::Style::range),
             result.copied, result.bytes);
  return done;
}

std::pair<int64_t, int64_t> size_of(const Image& image) { return {image.height, image.width}; }

/// Sizes of some pictures, the first and the last among them.
nlohmann::json sampled_sizes(const DataSource& source, int64_t sample) {
  const Encoded* encoded = encoded_of(source);
  const int64_t n = std::min(sample, source.size());
  std::map<std::pair<int64_t, int64_t>, int64_t> sizes;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t index = n == 1 ? 0 : i * (source.size() - 1) / (n - 1);
    try {
      ++sizes[encoded ? imaging::image_size(encoded->encoded(index)) : size_of(source.get(index).image)];
    } catch (const Error& error) {
      throw Error(fmt::format("image {} \"{}\": {}", index, source.key(index), error.what()));
    }
  }
  nlohmann::json out = nlohmann::json::object();
  for (const auto& [size, count] : sizes) out[size_text(size)] = count;
  return out;
}

nlohmann::json info_of(const OpenSource& open, int64_t sample) {
  const DataSource& source = *open.source;
  std::vector<int64_t> counts(static_cast<size_t>(source.identities()), 0);
  for (int64_t i = 0; i < source.size(); ++i) ++counts[static_cast<size_t>(source.identity(i))];
  const int64_t empty = std::count(counts.begin(), counts.end(), 0);
  std::sort(counts.begin(), counts.end());
  return {{"pictures", source.size()},
          {"identities", source.identities()},
          {"identities_without_pictures", empty},
          {"pictures_per_identity", {{"min", counts.front()}, {"median", counts[counts.size() / 2]}, {"max", counts.back()}}},
          {"sizes_of_sample", sampled_sizes(source, sample)},
          {"encoded", encoded_of(source) != nullptr},
          {"fingerprint", source.fingerprint()},
          {"notes", open.notes}};
}

/// Shards of a record set that the command line names.
nlohmann::json shards_of(const fs::path& path) {
  std::vector<fs::path> files;
  if (path.extension() == ".rec") files.push_back(path);
  if (files.empty() && fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().extension() == ".rec") files.push_back(entry.path());
    }
    if (fs::exists(path / "train.rec")) files = {path / "train.rec"};
  }
  std::sort(files.begin(), files.end());
  nlohmann::json out = nlohmann::json::array();
  for (const fs::path& file : files) {
    const formats::FaceRecords set(file, {});
    nlohmann::json shard{{"file", file.string()},
                         {"style", style_text(set.style() == formats::FaceRecords::Style::range)},
                         {"pictures", set.size()},
                         {"bytes", fs::file_size(file)}};
    if (const auto& property = set.property())
      shard["property"] = {{"classes", property->classes}, {"height", property->height}, {"width", property->width}};
    out.push_back(std::move(shard));
  }
  return out;
}

void print_info(const nlohmann::json& info) {
  const auto number = [](const nlohmann::json& value) { return value.get<int64_t>(); };
  fmt::print("pictures      {}\nidentities    {}", number(info.at("pictures")), number(info.at("identities")));
  if (const int64_t empty = number(info.at("identities_without_pictures")); empty > 0) fmt::print(", {} without pictures", empty);
  const auto& each = info.at("pictures_per_identity");
  fmt::print("\nper identity  {} to {}, median {}\nsizes         ", number(each.at("min")), number(each.at("max")),
             number(each.at("median")));
  for (const auto& [size, count] : info.at("sizes_of_sample").items()) fmt::print("{} ({})  ", size, number(count));
  fmt::print("\nfingerprint   {}\n", info.at("fingerprint").get<std::string>());
  for (const auto& shard : info.at("shards")) {
    fmt::print("shard         {}: {} style, {} pictures, {} bytes\n", shard.at("file").get<std::string>(),
               shard.at("style").get<std::string>(), number(shard.at("pictures")), number(shard.at("bytes")));
  }
  for (const auto& note : info.at("notes")) fmt::print("note          {}\n", note.get<std::string>());
}

int run_info(const InfoArguments& arguments, const Invocation& invocation) {
  const OpenSource source = open(arguments.source, invocation);
  nlohmann::json info = info_of(source, arguments.sample);
  info["shards"] = shards_of(arguments.source.path);
  if (arguments.json) {
    fmt::print("{}\n", json_text(info));
  } else {
    print_info(info);
  }
  return done;
}

void add_pack_options(CLI::App& command, PackArguments& arguments) {
  PackOptions& options = arguments.options;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  arguments.source.add_to(command);
  command.add_option("--out", options.out, "folder of the record set: train.rec, train.idx, property")->required()->type_name("DIR");
  command.add_option("--style", arguments.style, "range: records that name the pictures of each identity; plain: pictures alone")
      ->check(CLI::IsMember({"range", "plain"}))
      ->capture_default_str();
  command
      .add_option("--format", options.format, "keep: JPEG and PNG bytes of the source as they are, else JPEG; jpeg, png: all encoded anew")
      ->check(CLI::IsMember({"keep", "jpeg", "png"}))
      ->capture_default_str();
  command.add_option("--quality", options.quality, "of JPEG")->check(CLI::Range(1, 100))->capture_default_str();
  command.add_option("--chroma", arguments.chroma, "resolution of colour in JPEG: 420 half, 444 full")
      ->check(CLI::IsMember({"420", "444"}))
      ->capture_default_str();
  command.add_option("--shards", options.shards, "files to write")->check(CLI::Range(1, 99999))->capture_default_str();
  command.add_option("--threads", options.threads, "that read and encode")->check(CLI::Range(1, 1024))->capture_default_str();
  command.add_flag("--count-line", options.count_line,
                   "a second line of the property file with the number of pictures, as img2rec.py writes");
  command.add_flag("--force", options.force, "replace a record set that is there");
  command.add_flag("--quiet", arguments.quiet, "no progress");
}

}  // namespace

Action add_data(CLI::App& app) {
  auto packing = std::make_shared<PackArguments>();
  auto asking = std::make_shared<InfoArguments>();
  CLI::App* data = app.add_subcommand("data", "look at data sources and pack them into record sets");
  data->require_subcommand(1);
  CLI::App* pack_command = data->add_subcommand("pack", "write a data source as a face record set");
  add_pack_options(*pack_command, *packing);
  CLI::App* info = data->add_subcommand("info", "pictures, identities, sizes and oddities of a data source");
  asking->source.add_to(*info);
  info->add_option("--sample", asking->sample, "pictures whose size is looked at")->check(CLI::Range(1, 1000000))->capture_default_str();
  info->add_flag("--json", asking->json, "as JSON");
  return
      [=](const Invocation& invocation) { return pack_command->parsed() ? run_pack(*packing, invocation) : run_info(*asking, invocation); };
}

}  // namespace lafs
