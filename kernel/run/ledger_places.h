#pragma once
#include <map>
#include <string>
#include <vector>

#include "kernel/ledger/ledger.h"
#include "kernel/recipe/row.h"
#include "kernel/run/listener.h"

namespace lafs {

/// Finds the stages of rows in a ledger. Training data that several rows have in common is looked at once, so that a thousand cells of a
/// grid are placed in a second. [main thread]
///
///     const Ledger ledger("runs/stages");
///     LedgerPlaces places(ledger);
///     const std::vector<StageFacts> facts = places.place(row);   // row.stages[i].folder is now in the ledger
class LedgerPlaces {
 public:
  /// The ledger must outlive it; the listeners hear how far reading is.
  explicit LedgerPlaces(const Ledger& ledger, RunListeners listeners = {}) : ledger_(ledger), listeners_(std::move(listeners)) {}

  /// Gives every stage its folder in the ledger, and returns what the ledger knows each by. Opens training data that is there. Throws Error
  /// for data that is there and cannot be read, StoppedReading after a signal.
  std::vector<StageFacts> place(Row& row);

 private:
  std::string fingerprint_of(const Recipe& recipe);

  const Ledger& ledger_;
  RunListeners listeners_;
  std::map<std::string, std::string> fingerprints_;  ///< by the resolved data source
};

}  // namespace lafs
