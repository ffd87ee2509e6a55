#pragma once
#include "lafs/params.h"

namespace lafs {

/// Throws Error for a path that still begins with a root ("@data/..."), because nobody said where that is; says how to.
void check_root(const Path& path);

}  // namespace lafs
