#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/data_source.h"
#include "lafs/params.h"
#include "lafs/use.h"
#include "metrics/asked_rows.h"

namespace lafs::tinyface {

/// Where the three parts of the testing set come from.
struct PartOptions {
  Use<DataSource> data, probe, gallery_match, gallery_distractor;
  std::string identity = "file_name";

  void declare(Params& p);
};

/// The pictures of one part, in the order of the protocol.
struct Part {
  metrics::AskedRows rows;          ///< without a source: the part is empty
  std::vector<int64_t> identities;  ///< of each row, as the matches number people; distractors have -100, probes of nobody there -101
};

struct Parts {
  Part probes, matches, distractors;
};

/// Throws Error unless the parts come either from one source, whose keys begin with Probe/, Gallery_Match/ or Gallery_Distractor/, or from
/// two or three sources of their own; for an empty part, and for a name that does not begin with the number of an identity and "_".
Parts choose_parts(const PartOptions& options, Assembly& assembly);

}  // namespace lafs::tinyface
