#include "kernel/data/check_source.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "imaging/damaged.h"

namespace lafs {

namespace {

/// Not an Error, which `find_damaged` would take for a damaged picture.
struct Stopped {};

std::vector<LostIdentity> lost_identities(const DataSource& source, const std::vector<DamagedPicture>& damaged) {
  std::vector<int64_t> pictures(static_cast<size_t>(source.identities())), whole;
  for (int64_t i = 0; i < source.size(); ++i) ++pictures[static_cast<size_t>(source.identity(i))];
  whole = pictures;
  std::vector<LostIdentity> lost;
  for (const DamagedPicture& picture : damaged) {
    if (picture.index >= 0) --whole[static_cast<size_t>(source.identity(picture.index))];
  }
  for (size_t identity = 0; identity < whole.size(); ++identity) {
    if (whole[identity] == 0) lost.push_back({static_cast<int64_t>(identity), pictures[identity], ""});
  }
  for (const DamagedPicture& picture : damaged) {
    if (picture.index < 0) continue;
    const int64_t identity = source.identity(picture.index);
    const auto of = std::lower_bound(lost.begin(), lost.end(), identity, [](const auto& one, int64_t id) { return one.identity < id; });
    if (of != lost.end() && of->identity == identity && of->first.empty()) of->first = picture.key;
  }
  return lost;
}

}  // namespace

SourceCheck check_source(const DataSource& source, int64_t threads, const std::function<bool(int64_t)>& go_on,
                         const std::function<void(int64_t, const Image&)>& seen) {
  SourceCheck check;
  if (const auto* skipping = dynamic_cast<const Skipping*>(&source)) {
    for (std::string& text : skipping->skipped()) check.damaged.push_back({-1, "", std::move(text)});
  }
  std::mutex guard;
  const auto decode = [&](int64_t index) {
    {
      const std::lock_guard lock(guard);
      if (!go_on(check.checked)) throw Stopped();
      ++check.checked;
    }
    seen(index, source.get(index).image);
  };
  try {
    for (auto& [index, reason] : imaging::find_damaged(source.size(), threads, decode))
      check.damaged.push_back({index, source.key(index), reason});
  } catch (const Stopped&) {
    return check;
  }
  go_on(check.checked);
  check.lost = lost_identities(source, check.damaged);
  return check;
}

std::string damage_text(const DamagedPicture& picture) {
  // A source names the item itself more often than not.
  const bool named = picture.index < 0 || picture.reason.find(picture.key) != std::string::npos;
  return named ? picture.reason : fmt::format("image {} \"{}\": {}", picture.index, picture.key, picture.reason);
}

std::string damage_lines(const std::vector<DamagedPicture>& pictures, size_t most) {
  std::string lines;
  for (size_t i = 0; i < pictures.size() && i < most; ++i) lines += "\n  " + damage_text(pictures[i]);
  if (pictures.size() > most) lines += fmt::format("\n  and {} more", pictures.size() - most);
  return lines;
}

}  // namespace lafs
