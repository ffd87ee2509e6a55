#include "rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "formats/megaface.h"
#include "lafs/data_root.h"
#include "lafs/error.h"
#include "lafs/named.h"
#include "lafs/parallel.h"
#include "metrics/megaface_cleaning.h"

namespace lafs::megaface {
namespace {

/// Feature files, read when they are needed.
class StoredRows final : public metrics::RowSource {
 public:
  StoredRows(std::filesystem::path folder, const std::vector<std::string>& files)
      : folder_(std::move(folder)),
        files_(files),
        width_(static_cast<int64_t>(formats::read_megaface_feature(folder_ / files[0]).size())) {}
  int64_t rows() const override { return static_cast<int64_t>(files_.size()); }
  int64_t width() const override { return width_; }
  void read(int64_t first, int64_t count, double* to) const override {
    for (int64_t r = first; r < first + count; ++r) {
      const auto file = folder_ / files_[static_cast<size_t>(r)];
      const std::vector<float> values = formats::read_megaface_feature(file);
      if (static_cast<int64_t>(values.size()) != width_)
        throw Error(
            fmt::format("\"{}\" has {} rows, and \"{}\" has {}", file.string(), values.size(), (folder_ / files_[0]).string(), width_));
      to = std::copy(values.begin(), values.end(), to);
    }
  }

 private:
  std::filesystem::path folder_;
  const std::vector<std::string>& files_;
  int64_t width_;
};

/// Distractors with the component that cleaning adds.
class CleanedRows final : public metrics::RowSource {
 public:
  CleanedRows(const metrics::RowSource& rows, const std::vector<bool>& noise) : rows_(rows), noise_(noise) {}
  int64_t rows() const override { return rows_.rows(); }
  int64_t width() const override { return rows_.width() + 1; }
  void read(int64_t first, int64_t count, double* to) const override {
    metrics::Rows block{std::vector<double>(static_cast<size_t>(count * rows_.width())), count, rows_.width()};
    rows_.read(first, count, block.values.data());
    metrics::MegafaceNoise noise;
    noise.distractor.assign(noise_.begin() + first, noise_.begin() + first + count);
    const metrics::Rows cleaned = metrics::cleaned_distractors(block, noise);
    std::copy(cleaned.values.begin(), cleaned.values.end(), to);
  }

 private:
  const metrics::RowSource& rows_;
  const std::vector<bool>& noise_;
};

std::string picture_of(const std::string& file, const std::string& ending) { return file.substr(0, file.size() - ending.size()); }

Side side_of(const std::string& name, const Use<DataSource>& source, const Path& folder, const std::string& ending, Assembly& assembly) {
  Side side;
  if (!source.empty()) {
    side.rows = {name, source.make(assembly)};
    for (int64_t i = 0; i < side.rows.size(); ++i) side.names.push_back(side.rows.key(i));
  } else {
    check_root(folder);
    side.files = formats::megaface_features(folder.value, ending);
    side.rows.name = folder.value;
    for (const std::string& file : side.files) side.names.push_back(picture_of(file, ending));
  }
  return side;
}

/// Marks the pictures of a noise list: `parts` parts of their names are compared.
void mark_noise(const Path& list, const std::set<std::string>& noise, int parts, Side& side) {
  for (const std::string& name : side.names) side.noise.push_back(noise.contains(formats::last_parts(name, parts)));
  if (list.empty() || std::find(side.noise.begin(), side.noise.end(), true) != side.noise.end()) return;
  throw Error(
      fmt::format("none of its {} entries is one of the {} pictures, such as \"{}\"", noise.size(), side.names.size(), side.names[0]))
      .at(list.value);
}

void number_people(const SetOptions& options, Given& given) {
  std::map<std::string, int64_t> numbers;
  for (size_t p = 0; p < given.probes.names.size(); ++p) {
    const auto row = static_cast<int64_t>(p);
    given.persons.push_back(options.person == "source" ? fmt::format("{}", given.probes.rows.identity(row))
                                                       : formats::facescrub_person(formats::last_parts(given.probes.names[p], 1)));
    given.people.push_back(numbers.emplace(given.persons.back(), static_cast<int64_t>(numbers.size())).first->second);
  }
}

}  // namespace

void SetOptions::declare(Params& p) {
  p("probes", probes, "pictures of FaceScrub, as PERSON/FILE");
  p("distractors", distractors, "pictures of MegaFace, as FOLDER/FOLDER/FILE");
  p("probe_features", probe_features, "folder of feature files PERSON/FILE_ENDING instead of probes");
  p("distractor_features", distractor_features, "folder of feature files FOLDER/FOLDER/FILE_ENDING instead of distractors");
  p("ending", ending, "end of a feature file's name, after the picture's; with this ending files are read and written");
  p("person", person, one_of({"file_name", "source"}),
    "file_name: a probe's person is what stands before the last \"_\" of its file's name; source: the identity in its source");
  p("probe_noise", probe_noise, "list of probes that are noise, a file name each: each becomes the mean of its person's clean features");
  p("distractor_noise", distractor_noise, "list of distractors that are noise, a path each: they are moved away from everything");
  p("seed", seed, at_least(0), "seed of the noise of 0.001 that is added to the replaced probes");
}

std::string Given::cleaning() const {
  if (!cleans) return "lists not cleaned";
  const auto count = [](const std::vector<bool>& noise) { return std::count(noise.begin(), noise.end(), true); };
  return fmt::format("cleaned lists: {} probes and {} distractors are noise", count(probes.noise), count(distractors.noise));
}

Given open_set(const SetOptions& options, Assembly& assembly) {
  const bool pictures = !options.probes.empty() && !options.distractors.empty();
  const bool features = !options.probe_features.empty() && !options.distractor_features.empty();
  const int given_sources =
      !options.probes.empty() + !options.distractors.empty() + !options.probe_features.empty() + !options.distractor_features.empty();
  if (pictures == features || given_sources != 2)
    throw Error("give either \"probes\" and \"distractors\", or \"probe_features\" and \"distractor_features\"");
  if (features && options.person == "source")
    throw Error("person = \"source\" needs pictures: feature files have no identities but their names");
  Given given;
  given.probes = side_of("probes", options.probes, options.probe_features, options.ending, assembly);
  given.distractors = side_of("distractors", options.distractors, options.distractor_features, options.ending, assembly);
  number_people(options, given);
  given.cleans = !options.probe_noise.empty() || !options.distractor_noise.empty();
  given.seed = options.seed;
  given.ending = options.ending;
  const auto probe_noise = options.probe_noise.empty() ? std::set<std::string>() : formats::read_facescrub_noise(options.probe_noise.value);
  const auto noise =
      options.distractor_noise.empty() ? std::set<std::string>() : formats::read_distractor_noise(options.distractor_noise.value);
  mark_noise(options.probe_noise, probe_noise, 1, given.probes);
  mark_noise(options.distractor_noise, noise, 3, given.distractors);
  return given;
}

SetRows::SetRows(const Given& given, const Features& features) {
  const int64_t threads = hardware_threads();
  if (given.stored()) {
    probes_ = metrics::all_rows(StoredRows(given.probes.rows.name, given.probes.files), threads);
    plain_ = std::make_unique<StoredRows>(given.distractors.rows.name, given.distractors.files);
  } else {
    probes_ = metrics::all_rows(given.probes.rows.rows(features), threads);
    plain_ = std::make_unique<metrics::UnitRows>(given.distractors.rows.rows(features));
  }
  if (!given.cleans) {
    distractors_ = std::move(plain_);
    return;
  }
  probes_ = metrics::cleaned_probes(probes_, {given.probes.noise, {}, given.persons, static_cast<uint64_t>(given.seed)});
  distractors_ = std::make_unique<CleanedRows>(*plain_, given.distractors.noise);
}

}  // namespace lafs::megaface
