#pragma once
#include "kernel/evaluate/embed_source.h"

namespace lafs {

/// Embeds with progress on the screen, and prints what was written. False when a signal stopped it. [main thread]
bool embed(EmbeddingRequest request, bool quiet, Registry& registry);

}  // namespace lafs
