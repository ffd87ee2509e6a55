#pragma once
#include <optional>
#include <string>
#include <vector>

#include "runner/tools/release/measure.h"
#include "runner/tools/release/name_hints.h"

namespace lafs {

/// A network of a file, with what was measured.
struct ReleaseNetwork {
  NetworkPlan plan;
  Recognised seen;
  NameHints hints;
  std::vector<std::string> accounts;  ///< what became of the tensors, a sentence a file
  std::vector<LoadAccount> details;
  std::string hash, same_as;  ///< name of an earlier network with the same tensors; that one is measured
  std::string fault;          ///< why it was not measured
  std::vector<Measurement> measurements;
};

enum class Verdict { pass, fail, cannot_tell, not_measured };
std::string verdict_text(Verdict verdict);

/// One published value beside what one file measured.
struct RowComparison {
  std::string network;
  InputContract input;
  Metric measured;          ///< with the interval of `interval_of`
  std::string interval_of;  ///< name of the metric that the interval belongs to; empty: there is none
  Verdict verdict = Verdict::cannot_tell;
  std::string why;
};

struct ValueOutcome {
  RowValue value;
  Verdict verdict = Verdict::not_measured;
  std::string why;  ///< where nothing was measured or nothing can be told
  std::vector<RowComparison> comparisons;
};

struct RowOutcome {
  ReleaseRow row;
  std::vector<std::string> candidates;  ///< names of networks that may be the row's
  std::vector<std::string> notes;       ///< who else a candidate may belong to, several files for one row
  std::vector<ValueOutcome> values;
};

/// Whether a file may be that of a row: of the same kind, sizes and number of classes. One without a class matrix may be of any row.
bool may_be_of(const ReleaseRow& row, const Recognised& seen);

/// Compares every published value with every file that may be its row's. Several rows may claim one file
/// (A and C have one training set): it is compared with each. A value passes where a candidate is within its
/// tolerance. On a set of another size than the published one the 95 % interval decides instead: it passes where the whole interval is
/// within the tolerance, and fails where none of it is. A candidate that misses a value and reproduces another row counts as that row's.
std::vector<RowOutcome> row_outcomes(const std::vector<ReleaseRow>& rows, const std::vector<ReleaseNetwork>& networks,
                                     const std::vector<ReleaseSet>& sets);

/// The verdict on one measured value; `whole_set`: it is the published set.
Verdict verdict_on(const PublishedValue& published, const Metric& measured, bool whole_set);

}  // namespace lafs
