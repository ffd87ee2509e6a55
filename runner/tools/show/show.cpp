#include "runner/tools/show/show.h"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lafs/suggestion.h"
#include "runner/report/say.h"
#include "runner/tools/show/model_sheets.h"
#include "runner/tools/show/pictures.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> chosen_pictures(const ShowModel& show) {
  std::vector<fs::path> files = picture_files(show.pictures);
  const auto limit = static_cast<size_t>(show.limit);
  if (files.size() > limit) {
    say("the first {} of {} pictures; --pictures takes more\n", limit, files.size());
    files.resize(limit);
  }
  return files;
}

/// Numbers to standard output, and the sheet to its file unless only numbers were asked for.
void deliver(const ShowModel& show, const fs::path& out, const nlohmann::json& numbers, const ContactSheet& contact) {
  if (show.json) fmt::print("{}\n", numbers.dump());
  if (show.json && show.out.empty()) return;
  write_sheet(out, contact.draw(), show.force);
}

fs::path free_file(const ShowModel& show, const char* fallback) {
  const fs::path out = show.out.empty() ? fs::path(fallback) : show.out;
  if (show.json && show.out.empty()) return out;
  require_free(out, show.force);
  make_folder_of(out);
  return out;
}

int64_t block_number(const std::string& text) {
  if (text == "last") return -1;
  size_t used = 0;
  int64_t number = 0;
  try {
    number = std::stoll(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size()) throw Error(fmt::format("--block \"{}\" is neither \"last\" nor a number", text));
  return number;
}

}  // namespace

void show_views(const ShowViews& show, Registry& registry) {
  require_free(show.out, show.force);
  make_folder_of(show.out);
  const Row row = open_row(show.recipe, show.context, registry, show.inputs);
  if (!row.alone() && show.stage.empty()) {
    throw Error(fmt::format("\"{}\" is a row; name one of its stages with --stage{}", show.recipe.string(), suggestion("", row.names())));
  }
  const Stage& stage = show.stage.empty() ? row.stages.front() : row.stage(show.stage);
  const ContactSheet contact = view_sheet(row, stage, show.request, [](const std::string& text) { say("{}\n", text); });
  write_sheet(show.out, contact.draw(), show.force);
}

void show_landmarks(const ShowModel& show, Registry& registry) {
  const fs::path out = free_file(show, "landmarks.png");
  const ShownModel model = open_model(show.checkpoint, show.stage, show.of, "landmarks", registry);
  std::vector<LandmarkNumbers> all;
  for (const fs::path& file : chosen_pictures(show)) all.push_back(find_landmarks(model, file));
  deliver(show, out, landmarks_json(model, all), landmark_sheet(model, all, show.zoom));
}

void show_attention(const ShowModel& show, Registry& registry) {
  const fs::path out = free_file(show, "attention.png");
  const AttentionRequest request{block_number(show.block), show.threshold};
  const ShownModel model = open_model(show.checkpoint, show.stage, show.of, "attention", registry);
  std::vector<AttentionNumbers> all;
  for (const fs::path& file : chosen_pictures(show)) all.push_back(find_attention(model, file, request));
  deliver(show, out, attention_json(model, all), attention_sheet(model, all, show.zoom));
}

}  // namespace lafs
