#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "formats/template_set.h"
#include "lafs/params.h"
#include "metrics/identification.h"

namespace lafs::identification_1n {

/// What is searched, and by which protocols.
struct ListOptions {
  std::vector<Path> galleries;
  Path probes;
  bool combined = false, separate = false;
  std::vector<double> rates;  ///< of the combined protocol
};

/// Templates of the lists that have pictures.
struct Lists {
  std::vector<metrics::SubjectList> galleries;
  metrics::SubjectList probes;
  std::vector<std::string> warnings;  ///< what was left out, and what a protocol makes of it
};

/// Throws Error, before anything is embedded, for what the search would refuse: a template that is not in the list of pictures; with the
/// combined protocol a probe without exactly one mate, and a rate that the number of probes and templates does not allow; with the separate
/// protocol a subject in two galleries. Templates that the set left without a picture are left out, and so are probes whose subject has no
/// other gallery template than these.
Lists read_lists(const ListOptions& options, const formats::TemplateSet& set);

}  // namespace lafs::identification_1n
