#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>

#include "runner/tools/report/http_server.h"
#include "runner/tools/report/run_index.h"

namespace lafs {

/// What the server of a folder of runs answers: the page "/", the list "/runs.json", curves of chosen runs
/// "/charts.json?run=NAME&run=NAME", and below "/view/NAME/" the report of a run as it is at this moment, and the sheets in its folder.
/// Everything else is not found: no other file, and no folder that is no run's.
HttpReply reply_to(const HttpRequest& request, RunIndex& runs);

/// Serves a folder of runs to this machine until a signal stops the program. `ready` is called with the port. Throws Error for a folder
/// without runs, and for a port that cannot be had.
void serve_runs(const std::filesystem::path& folder, uint16_t port, const std::function<void(uint16_t)>& ready);

}  // namespace lafs
