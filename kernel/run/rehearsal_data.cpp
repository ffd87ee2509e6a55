#include "kernel/run/rehearsal_data.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/model/open_source.h"
#include "kernel/recipe/option_types.h"
#include "kernel/recipe/reader.h"
#include "kernel/recipe/resolver.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// A data source of a recipe, and the files that it names, those of sources within it too.
struct NamedSource {
  std::string name, position;
  std::shared_ptr<const Configured> options;
  std::string text;  ///< its options: what it reads of the files
  std::set<fs::path> paths;
};

/// Collects the data sources that components name in their options.
class SourceCollector final : public Params {
 public:
  std::vector<NamedSource> sources;

  void add(const AnyUse& use) {
    if (use.empty() || !use.options) return;
    const bool outermost = use.kind() == DataSource::kind && !within_;
    if (outermost) {
      sources.push_back({use.name, use.position, use.options, options_text(use), {}});
      within_ = true;
    }
    use.options->copy()->declare(*this);
    if (outermost) within_ = false;
  }

 private:
  bool keeps_values() const override { return true; }

  void visit(const Option& option) override {
    by_type(
        option.slot, [&](AnyUse& use) { add(use); },
        [&](AnyUseList& uses) {
          for (size_t i = 0; i < uses.size(); ++i) add(uses.at(i));
        },
        [&](Table& table) { table.declare(*this); },
        [&](TableList& tables) {
          for (size_t i = 0; i < tables.size(); ++i) tables.declare(i, *this);
        },
        [&](Path& path) { add(path); },
        [&](std::vector<Path>& paths) {
          for (const Path& path : paths) add(path);
        },
        [](auto&) {});
  }

  void add(const Path& path) {
    if (within_ && !path.value.empty()) sources.back().paths.insert(path.value);
  }

  bool within_ = false;
};

std::vector<NamedSource> sources_of(const Row& row) {
  SourceCollector collector;
  for (const Stage& stage : row.stages) {
    collector.add(stage.recipe.data_source);
    for (const EvaluatorEntry& entry : stage.recipe.evaluators) collector.add(entry.use);
  }
  return std::move(collector.sources);
}

bool lies_under(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

/// A source with files that no root stands for: they are used, if they are there.
void require_files(const NamedSource& source, const fs::path& folder) {
  for (const fs::path& path : source.paths) {
    if (lies_under(path, folder)) {
      throw Error(fmt::format("data_source \"{}\": \"{}\" lies under a root of [paths] and other files of it do not, so that only a part "
                              "could be generated; put all under roots, or set other pictures in [rehearsal]",
                              source.name, path.string()))
          .at(source.position);
    }
    if (fs::exists(path)) continue;
    throw Error(fmt::format("data_source \"{}\": \"{}\" is not there, and a rehearsal only writes pictures under a root of [paths] such as "
                            "@data; begin the path with one, or set other pictures in [rehearsal]",
                            source.name, path.string()))
        .at(source.position);
  }
}

}  // namespace

RehearsalSize rehearsal_size(const Row& full, const Row& small) {
  constexpr int64_t fewest = 48, most_of_a_person = 4;
  int64_t pictures = fewest, each = most_of_a_person;
  for (const Stage& stage : small.stages) pictures = std::max(pictures, 2 * stage.recipe.run.batch * stage.recipe.run.accumulate);
  for (const Stage& stage : full.stages) {
    const RunOptions& run = stage.recipe.run;
    if (run.images > 0 && run.identities > 0) each = std::min(each, std::max<int64_t>(2, run.images / run.identities));
  }
  return {(pictures + each - 1) / each, each};
}

std::shared_ptr<DataSource> rehearsal_faces(const RehearsalSize& size, const Registry& registry) {
  Use<DataSource> faces("synthetic_faces");
  if (!registry.find(DataSource::kind, faces.name))
    throw Error(fmt::format("a rehearsal draws its pictures with the plugin \"{}\", which is not loaded", faces.name));
  read_options(fmt::format("identities = {}\nper_identity = {}", size.people, size.per_person), "rehearsal", faces, registry);
  return open_source(faces).source;
}

void write_rehearsal_data(const Row& row, const fs::path& folder, const DataSource& faces,
                          const std::function<void(const std::string&)>& note) {
  std::set<std::string> written;
  for (const NamedSource& source : sources_of(row)) {
    if (source.paths.empty() || !written.insert(source.text).second) continue;
    const auto is_generated = [&](const fs::path& path) { return lies_under(path, folder); };
    if (!std::all_of(source.paths.begin(), source.paths.end(), is_generated)) {
      require_files(source, folder);
      note(fmt::format("data_source \"{}\" reads \"{}\" as it is", source.name, source.paths.begin()->string()));
    } else if (!source.options->write_example(faces)) {
      throw Error(
          fmt::format("data_source \"{}\" cannot write generated pictures in its format; set another one in [rehearsal]", source.name))
          .at(source.position);
    }
  }
}

}  // namespace lafs
