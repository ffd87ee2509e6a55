#include "runner/tools/data/check_model.h"

#include <memory>
#include <optional>

#include <fmt/format.h>

#include "kernel/data/source_findings.h"
#include "kernel/evaluate/embed_source.h"
#include "kernel/evaluate/stored_embedder.h"
#include "kernel/run/interrupt.h"
#include "lafs/content_hashed.h"
#include "lafs/error.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"
#include "runner/report/work_folder.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

/// False when a signal stopped it.
bool embed_all(const ModelCheckRequest& request, const SourceRequest& source, const RecipeContext& context, const fs::path& out, bool quiet,
               Registry& registry) try {
  std::optional<PictureProgress> progress;
  EmbeddingRequest embedding;
  embedding.checkpoint = request.model;
  embedding.input = request.input;
  embedding.source = source;
  embedding.context = context;
  embedding.out = out;
  embedding.options.batch = request.batch;
  embedding.device = request.device;
  embedding.note = [](const std::string& text) { say("{}\n", text); };
  embedding.stop = interrupted;
  embedding.progress = [&](int64_t embedded, int64_t total) {
    if (!progress) progress.emplace(quiet, embedded, total, "embeddings");
    progress->show(embedded);
  };
  const EmbeddingOutcome outcome = embed_source(embedding, registry);
  return outcome.embedded == outcome.total;
} catch (const StoppedReading&) {
  return false;
}

std::vector<double> cosines_of(const FeatureMatrix& rows, const std::vector<CopyPair>& pairs, int64_t& confirmed) {
  std::vector<double> cosines;
  for (const CopyPair& pair : pairs) {
    cosines.push_back(cosine_of_rows(rows, pair.first, pair.second));
    confirmed += cosines.back() >= ModelFindings::confirms;
  }
  return cosines;
}

}  // namespace

ModelFindings judge_by_model(const ModelCheckRequest& request, const SourceRequest& source, const RecipeContext& context,
                             const OpenSource& open, const SourceFindings& findings, bool quiet, Registry& registry) {
  ModelFindings found;
  found.model = request.model.string();
  found.margin = request.margin;
  const bool stored = holds_features(request.model);
  for (const DamagedPicture& damaged : findings.check.damaged) {
    if (damaged.index < 0 || stored) continue;
    found.not_judged = "damaged pictures cannot be embedded: repair or remove them first";
    return found;
  }
  std::optional<WorkFolder> folder;
  fs::path file = request.model;
  if (!stored) {
    file = folder.emplace("", "check").path() / "features.npy";
    if ((found.stopped = !embed_all(request, source, context, file, quiet, registry))) return found;
  }
  const FeatureRows features(file);
  const FeatureMatrix rows = features.matrix();
  if (rows.rows != open.source->size())
    throw Error(fmt::format("\"{}\" holds features of {} pictures, but the source has {}; name a model, or features of these pictures",
                            found.model, rows.rows, open.source->size()));
  found.within = cosines_of(rows, findings.copies.within, found.confirmed);
  found.across = cosines_of(rows, findings.copies.across, found.confirmed);
  PictureProgress progress(quiet, 0, rows.rows, "pictures judged");
  found.labels = find_mislabelled(rows, *open.source, request.margin, [&](int64_t done) {
    progress.show(done);
    return !interrupted();
  });
  found.stopped = found.labels.judged + found.labels.alone < rows.rows;
  return found;
}

}  // namespace lafs
