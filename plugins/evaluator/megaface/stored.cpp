#include "stored.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <vector>

#include "formats/megaface.h"
#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs::megaface {
namespace {

namespace fs = std::filesystem;

/// Where a picture's feature goes below the folder of its side.
fs::path place_of(const std::string& picture, int parts) { return formats::last_parts(picture, parts); }

/// Whether one folder is the other, or lies inside it.
bool overlap(const fs::path& a, const fs::path& b) {
  const auto [rest_a, rest_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return rest_a == a.end() || rest_b == b.end();
}

void check_folders(const StoreOptions& options, const Given& given) {
  for (const char* part : {"facescrub", "megaface"})
    for (const std::string& read : {given.probes.rows.name, given.distractors.rows.name}) {
      const fs::path to = fs::path(options.write_to.value) / part;
      if (overlap(fs::weakly_canonical(to), fs::weakly_canonical(read)))
        throw Error(
            fmt::format("write_to would write to \"{}\", and features are read from \"{}\": choose another folder", to.string(), read));
    }
}

void check_places(const Side& side, int parts) {
  std::set<std::string> places;
  for (const std::string& name : side.names)
    if (!places.insert(place_of(name, parts).string()).second)
      throw Error(fmt::format("two pictures would be written as \"{}\"; the second is \"{}\"", place_of(name, parts).string(), name));
}

}  // namespace

void StoreOptions::declare(Params& p) {
  p.affects_nothing("write_to", write_to, lafs::output_path(),
                    "folder for the features as MegaFace's tool reads them, facescrub/ and megaface/; empty: none");
}

void check_effects(const SetOptions& set, const StoreOptions& store) {
  const SetOptions plain;
  if (set.seed != plain.seed && set.probe_noise.empty()) throw Error("seed has no effect without \"probe_noise\"; leave it out");
  if (set.ending != plain.ending && set.probe_features.empty() && store.write_to.empty())
    throw Error("ending has no effect without feature files, which are read or written; leave it out");
}

void check_store(const StoreOptions& options, const Given& given) {
  if (options.write_to.empty()) return;
  if (given.stored() && !given.cleans)
    throw Error("write_to would write the feature files as they are: give a noise list, or pictures instead of features");
  if (given.stored()) check_folders(options, given);
  check_places(given.probes, 2);
  check_places(given.distractors, 3);
}

void write_set(const StoreOptions& options, const Given& given, const SetRows& rows) {
  const auto write_side = [&](const char* folder, const Side& side, int parts, const std::string& ending,
                              const metrics::RowSource& source) {
    for_blocks(0, source.rows(), 64, hardware_threads(), [&](int64_t first, int64_t past) {
      std::vector<double> block(static_cast<size_t>((past - first) * source.width()));
      source.read(first, past - first, block.data());
      for (int64_t r = first; r < past; ++r) {
        const auto from = block.begin() + (r - first) * source.width();
        const fs::path file =
            fs::path(options.write_to.value) / folder / (place_of(side.names[static_cast<size_t>(r)], parts).string() + ending);
        std::error_code ignored;  // writing says what is wrong
        fs::create_directories(file.parent_path(), ignored);
        formats::write_megaface_feature(file, std::vector<float>(from, from + source.width()));
      }
    });
  };
  write_side("facescrub", given.probes, 2, given.ending, metrics::PlainRows(rows.probes()));
  write_side("megaface", given.distractors, 3, given.ending, rows.distractors());
}

}  // namespace lafs::megaface
