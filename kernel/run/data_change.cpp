#include "kernel/run/data_change.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "kernel/ledger/data_check.h"
#include "kernel/recipe/data_folders.h"
#include "kernel/run/interrupt.h"
#include "lafs/content_hashed.h"
#include "lafs/error.h"

namespace lafs {

std::string data_fingerprint(const DataSource& source, const RunListeners& listeners, const std::function<void(const std::string&)>& note) {
  ContentRequest request;
  request.go_on = [&](int64_t done, int64_t total) {
    for (RunListener* listener : listeners) listener->reading_data(done, total);
    return !interrupted();
  };
  request.note = note;
  return content_fingerprint_of(source, request);
}

void note_identities(const DataSource& source, bool has_head, const std::function<void(const std::string&)>& note) {
  if (has_head && source.identities() == 1)
    note("all pictures are of one identity: the head has nothing to distinguish, and its loss teaches nothing");
  std::vector<bool> seen(static_cast<size_t>(source.identities()));
  for (int64_t i = 0; i < source.size(); ++i) seen[static_cast<size_t>(source.identity(i))] = true;
  if (const auto without = std::count(seen.begin(), seen.end(), false); without > 0)
    note(fmt::format("{} of {} identities have no picture", without, source.identities()));
}

std::string recorded_check(const Recipe& recipe, const std::string& fingerprint, const std::function<void(const std::string&)>& note) {
  std::string record = read_data_check(source_folders(recipe.data_source), fingerprint);
  if (!record.empty()) note(data_check_note(record));
  return record;
}

namespace {

/// The fingerprint that the run is known by: the checkpoint's or, where a later session found out more about the same data, that one's.
std::string known_print(const DataOfRun& run, bool by_names) {
  if (!by_names) return run.known.data_fingerprint;
  const auto recorded = last_recorded_data(run.folder);
  return recorded ? *recorded : run.known.data_fingerprint;
}

}  // namespace

std::optional<AcceptedData> check_data(const DataOfRun& run, const std::function<void(const std::string&)>& note) {
  const auto nothing_to_accept = [&] {
    if (!run.accept.empty()) note("nothing had to be accepted: the data is what the run was trained on");
    return std::nullopt;
  };
  if (run.known.data_fingerprint == run.fingerprint) return nothing_to_accept();
  const bool by_names = run.known.data_fingerprint == run.source.fingerprint();
  const std::string known = known_print(run, by_names);
  if (known == run.fingerprint) return nothing_to_accept();
  if (by_names && known == run.known.data_fingerprint) {
    note(
        "the run is from before the contents of pictures were part of the fingerprint: their names, sizes and labels are the same, and "
        "from now on their contents are recorded too");
    return nothing_to_accept();
  }
  const std::string before = recorded_reason(run.folder, known, run.fingerprint);
  const std::string& reason = run.accept.empty() ? before : run.accept;
  if (reason.empty()) {
    throw Error(fmt::format(
        "\"{}\" was trained on other data (fingerprint {}, now {}); restore that data, give another --out, or go on with --accept-data "
        "REASON, which is recorded",
        run.folder.string(), known, run.fingerprint));
  }
  if (run.counts_identities && run.known.identities != run.source.identities()) {
    throw Error(
        fmt::format("\"{}\" was trained on {} identities, the data now has {}: its classifier has no place for them, so this data "
                    "cannot be accepted; keep every identity, or give another --out",
                    run.folder.string(), run.known.identities, run.source.identities()));
  }
  note(fmt::format("going on with other data (fingerprint {}, now {}): {}", known, run.fingerprint, reason));
  return AcceptedData{known, run.fingerprint, reason, run.step};
}

}  // namespace lafs
