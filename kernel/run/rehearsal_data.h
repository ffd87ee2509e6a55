#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "kernel/recipe/row.h"
#include "lafs/data_source.h"

namespace lafs {

/// How many generated pictures a rehearsal has.
struct RehearsalSize {
  int64_t people = 0, per_person = 0;

  int64_t pictures() const { return people * per_person; }
};

/// As many pictures as two of the largest optimizer steps of `small` take, the row of the rehearsal, and enough for ten folds of pairs.
/// `full`, the row as it is written, says how many pictures a person has, if it says that.
RehearsalSize rehearsal_size(const Row& full, const Row& small);

/// Drawn faces of that many people. Throws Error where the plugin `synthetic_faces` is not loaded.
std::shared_ptr<DataSource> rehearsal_faces(const RehearsalSize& size, const Registry& registry);

/// Writes `faces` where the data sources of the row's stages and of their evaluators look for files under `folder`. A source all of whose
/// files lie elsewhere is left as it is, and `note` gets a sentence. Throws Error with its place for a source with files elsewhere that are
/// not there, and for one that cannot write its format. [main thread]
void write_rehearsal_data(const Row& row, const std::filesystem::path& folder, const DataSource& faces,
                          const std::function<void(const std::string&)>& note);

}  // namespace lafs
