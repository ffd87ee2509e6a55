#pragma once
#include "kernel/data/pack.h"
#include "kernel/model/open_source.h"

namespace lafs {

/// Packs a source with progress on the screen, and prints what was written. False when a signal stopped it; then nothing is left.
/// [main thread]
bool pack_source(const OpenSource& open, const PackOptions& options, bool quiet);

}  // namespace lafs
