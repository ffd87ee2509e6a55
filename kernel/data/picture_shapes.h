#pragma once
#include <string>
#include <vector>

#include "lafs/data_source.h"
#include "lafs/input.h"

namespace lafs {

/// Sentences about pictures that do not suit the input: of other proportions, which are squeezed, and of another size than the alignment
/// that the input claims has. Looks at a few pictures spread over the source; what cannot be decoded is left to whoever needs it.
std::vector<std::string> shape_notes(const DataSource& source, const InputContract& input);

}  // namespace lafs
