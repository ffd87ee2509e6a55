#include "runner/tools/data/check.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/data/check_source.h"
#include "kernel/results/json_text.h"
#include "kernel/run/interrupt.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

nlohmann::json json_of(const DataSource& source, const SourceCheck& check) {
  nlohmann::json damaged = nlohmann::json::array(), lost = nlohmann::json::array();
  for (const DamagedPicture& picture : check.damaged) {
    damaged.push_back({{"index", picture.index >= 0 ? nlohmann::json(picture.index) : nlohmann::json()},
                       {"key", picture.index >= 0 ? nlohmann::json(picture.key) : nlohmann::json()},
                       {"reason", picture.reason}});
  }
  for (const LostIdentity& one : check.lost) lost.push_back({{"identity", one.identity}, {"pictures", one.pictures}, {"first", one.first}});
  return {{"pictures", source.size()},
          {"identities", source.identities()},
          {"checked", check.checked},
          {"damaged", damaged},
          {"identities_without_a_whole_picture", lost}};
}

void print(const DataSource& source, const SourceCheck& check) {
  for (const DamagedPicture& picture : check.damaged) fmt::print("{}\n", damage_text(picture));
  for (const LostIdentity& one : check.lost) {
    if (one.pictures == 0) {
      fmt::print("identity {} has no picture\n", one.identity);
    } else {
      fmt::print("identity {} has no whole picture: {} of {} are damaged, the first \"{}\"\n", one.identity, one.pictures, one.pictures,
                 one.first);
    }
  }
  const size_t left_out = static_cast<size_t>(
      std::count_if(check.damaged.begin(), check.damaged.end(), [](const DamagedPicture& picture) { return picture.index < 0; }));
  fmt::print("{} pictures of {} identities: {}", source.size() + static_cast<int64_t>(left_out), source.identities(),
             check.damaged.empty() ? "all whole" : fmt::format("{} damaged", check.damaged.size()));
  if (left_out > 0) fmt::print(", {} of them left out by on_damaged", left_out);
  if (!check.lost.empty()) fmt::print("; identities without a whole picture: {}", check.lost.size());
  fmt::print("\n");
}

}  // namespace

DataFinding check_data_source(const OpenSource& open, int64_t threads, bool quiet, bool json) {
  const DataSource& source = *open.source;
  catch_interrupts();
  SourceCheck check;
  {
    PictureProgress progress(quiet, 0, source.size());
    check = check_source(source, threads, [&](int64_t done) {
      progress.show(done);
      return !interrupted();
    });
  }
  json ? fmt::print("{}\n", json_text(json_of(source, check))) : print(source, check);
  if (check.checked < source.size()) {
    say("lafs: stopped after {} of {} pictures\n", check.checked, source.size());
    return DataFinding::stopped;
  }
  return check.whole() ? DataFinding::whole : DataFinding::damaged;
}

}  // namespace lafs
