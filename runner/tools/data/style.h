#pragma once
#include <string>

#include "formats/face_records.h"

namespace lafs {

/// Styles of record sets by the names that `--style` takes.
inline std::string style_text(bool range) { return range ? "range" : "plain"; }

}  // namespace lafs
