#pragma once
#include <string>

#include "kernel/ledger/ledger.h"
#include "kernel/recipe/row.h"

namespace lafs {

/// For each stage of a row: where it is finished or how far it came, or why it would run again: what differs between it and the stage of
/// the same name that is most like it. [main thread]
std::string why_text(const Ledger& ledger, Row& row);

}  // namespace lafs
