#include "runner/tools/release/name_hints.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

namespace lafs {

namespace {

/// What the names of the published files hold, and the recipe of the row they belong to (finetuning.md 16).
constexpr std::pair<const char*, const char*> batches[] = {{"batch_327225", "row_a"}, {"batch_523881", "row_b"}, {"batch_359865", "row_c"}};

/// Words for training sets, and their people (finetuning.md 2.1).
struct TrainingSet {
  const char *word, *name;
  int64_t people;
};
constexpr TrainingSet training_sets[] = {{"webface", "WebFace4M", 205990}, {"ms1m", "MS1MV3", 93431}};

constexpr int64_t lafs_outputs = 100000;  // default of the published LAFS pre-training (paper-rows.md 3.5)

class Reading {
 public:
  Reading(const std::string& name, const Recognised& seen) : name_(name), seen_(seen) {
    std::transform(name_.begin(), name_.end(), name_.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }

  NameHints hints(const std::vector<ReleaseRow>& rows) {
    // "lafs" is part of the word "LAFS_CVPR2024", the repository, which says nothing of the file.
    out_.dino = has("dino");
    out_.lafs = has("lafs") && !has("lafs_cvpr");
    for (const auto& [batch, stem] : batches)
      if (has(batch)) row(stem, batch, rows);
    for (const TrainingSet& set : training_sets) people(set);
    kind();
    return std::move(out_);
  }

 private:
  bool has(const char* word) const { return name_.find(word) != std::string::npos; }
  void remark(std::string text) { out_.remarks.push_back(std::move(text)); }

  void row(const std::string& stem, const std::string& batch, const std::vector<ReleaseRow>& rows) {
    out_.row = stem;
    const auto named = std::find_if(rows.begin(), rows.end(), [&](const ReleaseRow& one) { return one.stem == stem; });
    if (named == rows.end() || seen_.kind == NetworkKind::other) return;
    if (seen_.kind != named->kind) {
      remark(fmt::format("its name has \"{}\" as that of the file of row \"{}\", but it is another kind of network", batch, named->title));
    } else if (seen_.classes != named->classes) {
      remark(fmt::format("its name has \"{}\" as that of the file of row \"{}\", whose class matrix has {} rows; this one has {}", batch,
                         named->title, grouped_number(named->classes), grouped_number(seen_.classes)));
    }
  }

  void people(const TrainingSet& set) {
    if (!has(set.word) || seen_.classes == 0 || seen_.classes == set.people || seen_.kind == NetworkKind::self_supervised) return;
    remark(fmt::format("its name says \"{}\", but its class matrix has {} rows, and {} has {} people", set.word,
                       grouped_number(seen_.classes), set.name, grouped_number(set.people)));
  }

  void kind() {
    if (seen_.kind == NetworkKind::part_fvit && out_.dino)
      remark("its name says \"dino\", but it has a landmark CNN and no teacher: it is a supervised network");
    if (seen_.kind == NetworkKind::fvit && has("land")) remark("its name says \"land\", but it has no landmark CNN");
    if (seen_.kind == NetworkKind::self_supervised && out_.dino && !out_.lafs && seen_.prototypes == lafs_outputs)
      remark(fmt::format("its name says \"dino\", but its head has {} outputs, which is the default of LAFS pre-training",
                         grouped_number(lafs_outputs)));
    if (seen_.kind == NetworkKind::self_supervised && out_.lafs && !out_.dino && seen_.prototypes != lafs_outputs)
      remark(fmt::format("its name says \"lafs\", but its head has {} outputs; the default of LAFS pre-training is {}",
                         grouped_number(seen_.prototypes), grouped_number(lafs_outputs)));
    if (seen_.kind == NetworkKind::self_supervised && has("batch_"))
      remark("its name is that of a supervised file, but it is a checkpoint of a pre-training");
  }

  std::string name_;
  const Recognised& seen_;
  NameHints out_;
};

}  // namespace

NameHints name_hints(const std::string& name, const Recognised& seen, const std::vector<ReleaseRow>& rows) {
  return Reading(name, seen).hints(rows);
}

}  // namespace lafs
