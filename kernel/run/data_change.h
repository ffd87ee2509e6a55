#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "kernel/ledger/checkpoint_state.h"
#include "kernel/ledger/manifest.h"
#include "kernel/recipe/recipe.h"
#include "kernel/run/listener.h"
#include "lafs/data_source.h"

namespace lafs {

/// The content fingerprint of a data source; the listeners hear how far the reading is. Throws StoppedReading after a signal.
/// `note` hears sentences for people.
std::string data_fingerprint(const DataSource& source, const RunListeners& listeners, const std::function<void(const std::string&)>& note);

/// Says what the identities of the training data mean for a run: that there is only one for a head to tell apart, and how many have no
/// picture.
void note_identities(const DataSource& source, bool has_head, const std::function<void(const std::string&)>& note);

/// What `lafs data check --record` found in the training data, as data_check.h has it; `note` hears it too. Empty where nothing is recorded
/// for data with this fingerprint.
std::string recorded_check(const Recipe& recipe, const std::string& fingerprint, const std::function<void(const std::string&)>& note);

/// A run that is to be continued, and the data of now.
struct DataOfRun {
  const std::filesystem::path& folder;  ///< of the run
  const CheckpointFacts& known;         ///< of the checkpoint it continues from
  int64_t step;                         ///< of that checkpoint
  const DataSource& source;
  const std::string& fingerprint;  ///< content fingerprint of `source`
  bool counts_identities;          ///< whether the shape of the networks follows their number
  const std::string& accept;       ///< why other data is to be accepted; empty: it is not
};

/// Decides whether the run goes on with the data. Returns what has to be recorded where it is other data that is accepted, now or by an
/// earlier session from the same checkpoint. `note` hears what was taken for granted: of runs from before contents were looked at only
/// names, sizes and labels are known. Throws Error for other data.
std::optional<AcceptedData> check_data(const DataOfRun& run, const std::function<void(const std::string&)>& note);

}  // namespace lafs
