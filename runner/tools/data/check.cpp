#include "runner/tools/data/check.h"

#include <chrono>
#include <cstdio>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/data_check.h"
#include "kernel/results/json_text.h"
#include "kernel/run/interrupt.h"
#include "lafs/content_hashed.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"
#include "runner/tools/data/check_text.h"

namespace lafs {

namespace {

SourceFindings find_with_progress(const DataCheckRequest& request, const DataSource& source, const DataSource* other) {
  FindingsRequest findings;
  findings.threads = request.threads;
  findings.copies = !request.decode_only;
  findings.other = other;
  std::optional<PictureProgress> progress;
  std::string shown;
  findings.go_on = [&](const char* phase, int64_t done, int64_t total) {
    if (total > 0) {
      if (shown != phase) {
        progress.reset();
        progress.emplace(request.quiet, 0, total, phase);
        shown = phase;
      }
      progress->show(done);
    }
    return !interrupted();
  };
  return find_in_source(source, findings);
}

/// Findings without their lists.
nlohmann::json counts_of(const DataCheck& check) {
  const SourceFindings& findings = check.findings;
  nlohmann::json counts{{"pictures", check.open.source->size()},
                        {"identities", check.open.source->identities()},
                        {"damaged", findings.check.damaged.size()},
                        {"identities_without_a_whole_picture", findings.check.lost.size()}};
  if (check.decode_only) return counts;
  counts["with_one_picture"] = findings.labels.single.size();
  counts["grey"] = findings.colours.grey;
  counts["probably_bgr"] = findings.colours.probably_bgr();
  counts["copies_across_identities"] = findings.copies.across.size();
  counts["copies_within_identities"] = findings.copies.within.size();
  if (check.model && check.model->not_judged.empty()) counts["mislabelled"] = check.model->labels.pictures.size();
  return counts;
}

/// Keeps what was found for runs on this data.
void record(const DataCheckRequest& request, const DataCheck& check) try {
  ReadingProgress reading(request.quiet);
  ContentRequest contents;
  contents.go_on = [&](int64_t done, int64_t total) {
    reading.show(done, total);
    return !interrupted();
  };
  contents.note = [](const std::string& text) { say("{}\n", text); };
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::string text = whole_text(check);
  for (const std::string& one : suspicions(check)) text += "; " + one;
  const DataCheckRecord record{content_fingerprint_of(*check.open.source, contents), fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now)),
                               text};
  say("recorded in \"{}\"\n", write_data_check(check.open.folders, record, counts_of(check)).string());
} catch (const StoppedReading& stop) {
  say("lafs: {}; nothing was recorded\n", stop.what());
}

}  // namespace

DataCheck check_data_source(const DataCheckRequest& request, Registry& registry) {
  DataCheck check;
  check.decode_only = request.decode_only;
  check.open = open_source(request.source, request.context, registry);
  RecipeContext roots;  // overrides are for the first source
  roots.data_root = request.context.data_root;
  if (!request.against.empty()) check.other = open_source({.path = request.against, .root = {}, .toml = ""}, roots, registry);
  catch_interrupts();
  check.findings = find_with_progress(request, *check.open.source, check.other.source.get());
  check.findings.shared.source = request.against.string();
  bool& stopped = check.findings.stopped;
  if (!stopped && !request.model.model.empty()) {
    check.model = judge_by_model(request.model, request.source, request.context, check.open, check.findings, request.quiet, registry);
    stopped = check.model->stopped;
  }
  fmt::print("{}", request.json ? json_text(check_json(check)) + "\n" : check_text(check, static_cast<size_t>(request.listed)));
  if (stopped) {
    const int64_t done = check.findings.check.checked, all = check.open.source->size();
    done < all ? say("lafs: stopped after {} of {} pictures\n", done, all) : say("lafs: stopped before everything was compared\n");
  } else if (request.record) {
    record(request, check);
  }
  return check;
}

}  // namespace lafs
