#include "runner/tools/embed/embed.h"

#include <cstdio>
#include <optional>

#include <fmt/format.h>

#include "kernel/run/interrupt.h"
#include "lafs/content_hashed.h"
#include "runner/report/output_file.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"

namespace lafs {

bool embed(EmbeddingRequest request, bool quiet, Registry& registry) try {
  std::optional<PictureProgress> progress;
  ReadingProgress reading(quiet);
  request.reading = [&](int64_t done, int64_t total) { reading.show(done, total); };
  request.note = [](const std::string& text) { say("{}\n", text); };
  request.progress = [&](int64_t embedded, int64_t total) {
    reading.finish();
    if (!progress && embedded > 0 && !quiet) say("going on after {} pictures\n", embedded);
    if (!progress) progress.emplace(quiet, embedded, total);
    progress->show(embedded);
  };
  request.stop = interrupted;
  catch_interrupts();
  make_folder_of(request.out);
  const EmbeddingOutcome outcome = embed_source(request, registry);
  progress.reset();
  if (outcome.embedded < outcome.total) {
    say("lafs: stopped after {} of {} pictures; the same command goes on\n", outcome.embedded, outcome.total);
    return false;
  }
  fmt::print("{}: {} pictures of {} identities, {} numbers each{}\n", request.out.string(), outcome.total, outcome.identities,
             outcome.width, outcome.was_done ? "; the file was complete already" : "");
  return true;
} catch (const StoppedReading& stop) {
  say("lafs: {}; the same command goes on\n", stop.what());
  return false;
}

}  // namespace lafs
