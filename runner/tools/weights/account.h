#pragma once

namespace lafs {

struct ImportedWeights;

/// Prints how a load of weights went: what was found, and the names of every tensor that was not, as text or as JSON; on standard error
/// what was taken for granted.
void print_account(const ImportedWeights& weights, bool as_json);

}  // namespace lafs
