#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/evaluator.h"
#include "lafs/params.h"
#include "lafs/use.h"
#include "metrics/asked_rows.h"

namespace lafs::megaface {

/// Where probes and distractors come from: pictures, or feature files.
struct SetOptions {
  Use<DataSource> probes, distractors;
  Path probe_features, distractor_features, probe_noise, distractor_noise;
  std::string ending = "_lafs.bin", person = "file_name";
  int64_t seed = 1;

  void declare(Params& p);
};

/// Probes or distractors.
struct Side {
  metrics::AskedRows rows;         ///< of pictures; without a source: of files
  std::vector<std::string> files;  ///< feature files, in order
  std::vector<std::string> names;  ///< of the pictures: "person/person_1.png", "a/b/c.jpg"
  std::vector<bool> noise;         ///< of each picture
};

struct Given {
  Side probes, distractors;
  std::vector<int64_t> people;       ///< of each probe, numbered in the order of their first picture
  std::vector<std::string> persons;  ///< the name of each probe's person
  std::string ending;                ///< of feature files
  bool cleans = false;
  int64_t seed = 1;

  bool stored() const { return !probes.files.empty(); }
  std::string cleaning() const;  ///< "cleaned lists: 4 probes and 12 distractors are noise", or "lists not cleaned"
};

/// Throws Error for sources of both kinds or of one side only, for noise lists of which no entry is a picture, and for wrong names.
Given open_set(const SetOptions& options, Assembly& assembly);

/// The rows that are compared: unit rows, cleaned where there are noise lists. Feature files are taken as they are unless they are cleaned;
/// those of distractors are read as they are needed.
class SetRows {
 public:
  SetRows(const Given& given, const Features& features);
  const metrics::Rows& probes() const { return probes_; }
  const metrics::RowSource& distractors() const { return *distractors_; }

 private:
  metrics::Rows probes_;
  std::unique_ptr<metrics::RowSource> plain_, distractors_;
};

}  // namespace lafs::megaface
