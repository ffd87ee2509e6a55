#include "parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::tinyface {
namespace {

constexpr int64_t of_distractors = -100, of_nobody = -101;

std::string file_name(const std::string& key) { return key.substr(key.rfind('/') + 1); }

/// The number before the first "_" of the file's name.
int64_t identity_of(const std::string& key) {
  const std::string name = file_name(key);
  const std::string_view digits = std::string_view(name).substr(0, name.find('_'));
  int64_t identity = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), identity);
  if (digits.size() == name.size() || error != std::errc() || end != digits.data() + digits.size())
    throw Error(
        fmt::format("picture \"{}\" does not begin with the number of an identity and \"_\", as in \"12_3.jpg\"; for people in "
                    "folders of their own, set identity = \"source\"",
                    formats::shown(key)));
  return identity;
}

/// The pictures whose key begins with `folder` ("": all), by file name.
Part part_of(const std::string& name, std::shared_ptr<const DataSource> source, const std::string& folder, bool by_name) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < source->size(); ++i)
    if (source->key(i).starts_with(folder)) indices.push_back(i);
  if (indices.empty()) throw Error(fmt::format("no key of the data source begins with \"{}\"", folder));
  if (by_name) {
    const auto name_of = [&](int64_t index) { return file_name(source->key(index)); };
    std::stable_sort(indices.begin(), indices.end(), [&](int64_t a, int64_t b) { return name_of(a) < name_of(b); });
  }
  Part part{{name, std::move(source), false, std::move(indices)}, {}};
  for (int64_t r = 0; r < part.rows.size(); ++r) {
    const bool distractor = name == "distractors";
    part.identities.push_back(distractor ? of_distractors : by_name ? identity_of(part.rows.key(r)) : part.rows.identity(r));
  }
  return part;
}

/// Probes get the number that their person has among the matches: each source numbers its people by itself.
void match_people(Part& probes, const Part& matches) {
  const std::vector<int64_t> numbers = metrics::people_in(*probes.rows.source, *matches.rows.source);
  for (int64_t& identity : probes.identities) {
    const int64_t number = numbers[static_cast<size_t>(identity)];
    identity = number < 0 ? of_nobody : number;
  }
}

}  // namespace

void PartOptions::declare(Params& p) {
  p("data", data, "the testing set in one source, as image_folder gives it: keys begin with Probe/, Gallery_Match/, Gallery_Distractor/");
  p("probe", probe, "pictures to identify, where the parts are sources of their own");
  p("gallery_match", gallery_match, "gallery pictures of the people of the probes");
  p("gallery_distractor", gallery_distractor, "gallery pictures of others; none: a gallery without distractors");
  p("identity", identity, one_of({"file_name", "source"}),
    "file_name: the number before the first \"_\" of a file's name, and the gallery in the order of these names; source: identities and "
    "order of the sources, people matched by name where the sources have names");
}

Parts choose_parts(const PartOptions& options, Assembly& assembly) {
  const bool together = !options.data.empty(),
             apart = !options.probe.empty() || !options.gallery_match.empty() || !options.gallery_distractor.empty();
  if (together == apart || (apart && (options.probe.empty() || options.gallery_match.empty())))
    throw Error("give either \"data\", or \"probe\" and \"gallery_match\" with or without \"gallery_distractor\"");
  const bool by_name = options.identity == "file_name";
  if (together) {
    if (!by_name) throw Error("identity = \"source\" needs parts of their own: with \"data\" the folders are parts, not people");
    const std::shared_ptr<const DataSource> all = options.data.make(assembly);
    return {part_of("probes", all, "Probe/", true), part_of("matches", all, "Gallery_Match/", true),
            part_of("distractors", all, "Gallery_Distractor/", true)};
  }
  Parts parts{part_of("probes", options.probe.make(assembly), "", by_name),
              part_of("matches", options.gallery_match.make(assembly), "", by_name),
              {}};
  if (!by_name) match_people(parts.probes, parts.matches);
  if (!options.gallery_distractor.empty())
    parts.distractors = part_of("distractors", options.gallery_distractor.make(assembly), "", by_name);
  return parts;
}

}  // namespace lafs::tinyface
