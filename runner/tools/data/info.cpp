#include "runner/tools/data/info.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/face_records.h"
#include "imaging/decode.h"
#include "lafs/content_hashed.h"
#include "lafs/encoded_of.h"
#include "runner/report/progress.h"
#include "runner/tools/data/style.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

std::string size_text(const std::pair<int64_t, int64_t>& size) { return fmt::format("{}x{}", size.first, size.second); }

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

/// Of the identities that have pictures, how many each has, ascending. Labels may be far larger than there are pictures.
std::vector<int64_t> pictures_per_identity(const DataSource& source) {
  std::vector<int64_t> labels(static_cast<size_t>(source.size())), counts;
  for (int64_t i = 0; i < source.size(); ++i) labels[static_cast<size_t>(i)] = source.identity(i);
  std::sort(labels.begin(), labels.end());
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i == 0 || labels[i] != labels[i - 1]) counts.push_back(0);
    ++counts.back();
  }
  std::sort(counts.begin(), counts.end());
  return counts;
}

/// The shards of a record set, a file or a folder; none of another path.
nlohmann::json shards_of(const fs::path& path) {
  std::vector<fs::path> files;
  if (formats::is_record_name(path)) files.push_back(path);
  if (files.empty() && fs::is_directory(path)) files = formats::record_files(path);
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

}  // namespace

nlohmann::json data_info(const OpenSource& open, int64_t sample, const fs::path& path) {
  const DataSource& source = *open.source;
  std::vector<std::string> notes = open.notes;
  ReadingProgress reading(/*quiet=*/false);
  ContentRequest contents;
  contents.go_on = [&](int64_t done, int64_t total) {
    reading.show(done, total);
    return true;
  };
  contents.note = [&](const std::string& text) { notes.push_back(text); };
  const std::string fingerprint = content_fingerprint_of(source, contents);
  const std::vector<int64_t> counts = pictures_per_identity(source);
  const int64_t empty = source.identities() - static_cast<int64_t>(counts.size()), middle = source.identities() / 2;
  const int64_t least = empty > 0 ? 0 : counts.front(), median = middle < empty ? 0 : counts[static_cast<size_t>(middle - empty)];
  return {{"pictures", source.size()},
          {"identities", source.identities()},
          {"identities_without_pictures", empty},
          {"pictures_per_identity", {{"min", least}, {"median", median}, {"max", counts.back()}}},
          {"sizes_of_sample", sampled_sizes(source, sample)},
          {"encoded", encoded_of(source) != nullptr},
          {"fingerprint", fingerprint},
          {"notes", notes},
          {"shards", shards_of(path)}};
}

void print_data_info(const nlohmann::json& info) {
  const auto number = [](const nlohmann::json& value) { return value.get<int64_t>(); };
  fmt::print("pictures      {}\nidentities    {}", number(info.at("pictures")), number(info.at("identities")));
  if (const int64_t empty = number(info.at("identities_without_pictures")); empty > 0) fmt::print(", {} without pictures", empty);
  const auto& each = info.at("pictures_per_identity");
  fmt::print("\nper identity  {} to {}, median {}\nsizes         ", number(each.at("min")), number(each.at("max")),
             number(each.at("median")));
  int64_t sample = 0;
  for (const auto& [size, count] : info.at("sizes_of_sample").items()) {
    fmt::print("{} ({})  ", size, number(count));
    sample += number(count);
  }
  if (sample < number(info.at("pictures"))) fmt::print("of {} that were looked at", sample);
  fmt::print("\nfingerprint   {}\n", info.at("fingerprint").get<std::string>());
  for (const auto& shard : info.at("shards")) {
    fmt::print("shard         {}: {} style, {} pictures, {} bytes\n", shard.at("file").get<std::string>(),
               shard.at("style").get<std::string>(), number(shard.at("pictures")), number(shard.at("bytes")));
  }
  for (const auto& note : info.at("notes")) fmt::print("note          {}\n", note.get<std::string>());
}

}  // namespace lafs
