#pragma once
#include <cstdint>

#include "runner/tools/data/check.h"
#include "runner/tools/show/contact_sheet.h"

namespace lafs {

/// The pictures that a check found suspicious, at most `items` of each kind: copies side by side, and mislabelled pictures beside one of
/// their own identity and one of the identity that they are nearest to. Without any it says so. Throws Error for a picture that cannot be
/// read. [main thread]
ContactSheet check_sheet(const DataCheck& check, int64_t items);

}  // namespace lafs
