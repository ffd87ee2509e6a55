#include "runner/tools/show/check_sheet.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "imaging/resize.h"
#include "lafs/named.h"
#include "runner/tools/data/check_text.h"

namespace lafs {

namespace {

constexpr int64_t shown_side = 112;

/// At most 112 pixels wide and high, or as many times larger as makes it readable.
Cell cell_of(const DataSource& source, int64_t index, const std::string& text) {
  Image image = source.get(index).image;
  const int64_t longest = std::max(image.height, image.width);
  if (longest > shown_side) {
    const auto scaled = [&](int64_t pixels) { return std::max<int64_t>(1, pixels * shown_side / longest); };
    image = imaging::resized(image, imaging::ResampleFilter::triangle, scaled(image.height), scaled(image.width));
  } else {
    image = zoomed(image, std::max<int64_t>(1, shown_side / longest)).image();
  }
  return {image, text};
}

std::string name_of(const DataSource& source, int64_t index) {
  const std::string file = std::filesystem::path(source.key(index)).filename().string();
  const std::string identity = identity_name(source, source.identity(index));
  return identity.empty() || file.starts_with(identity) ? file : fmt::format("{} of {}", file, identity);
}

/// Puts columns with one heading to the right of those that are there.
class SheetColumns {
 public:
  SheetColumns(ContactSheet& sheet, const std::string& heading, size_t count) : sheet_(sheet), first_(sheet.headings.size()) {
    sheet.headings.insert(sheet.headings.end(), count, heading);
  }
  void add(std::vector<Cell> cells) {
    if (sheet_.rows.size() <= row_) sheet_.rows.emplace_back();
    std::vector<Cell>& row = sheet_.rows[row_++];
    row.resize(first_);
    row.insert(row.end(), cells.begin(), cells.end());
  }

 private:
  ContactSheet& sheet_;
  size_t first_, row_ = 0;
};

void add_pairs(ContactSheet& sheet, const std::string& heading, const std::vector<CopyPair>& pairs, const DataSource& first,
               const DataSource& second, size_t items) {
  if (pairs.empty()) return;
  SheetColumns columns(sheet, fmt::format("{}: {}", heading, pairs.size()), 3);
  for (size_t i = 0; i < std::min(items, pairs.size()); ++i) {
    const auto& [a, b, agreement, exact] = pairs[i];
    columns.add({cell_of(first, a, name_of(first, a)),
                 cell_of(second, b, name_of(second, b)),
                 {{}, exact ? "same pixels" : fmt::format("{:.3f}", agreement)}});
  }
}

/// The first two pictures of each identity that is asked for.
class FirstPictures {
 public:
  FirstPictures(const DataSource& source, const std::set<int64_t>& identities) {
    for (int64_t i = 0; i < source.size(); ++i) {
      const int64_t identity = source.identity(i);
      if (identities.contains(identity) && first_[identity].size() < 2) first_[identity].push_back(i);
    }
  }
  /// The first of an identity but this one; -1: there is none.
  int64_t of(int64_t identity, int64_t but) const {
    for (const int64_t index : first_.at(identity)) {
      if (index != but) return index;
    }
    return -1;
  }

 private:
  std::map<int64_t, std::vector<int64_t>> first_;
};

void add_mislabelled(ContactSheet& sheet, const DataCheck& check, size_t items) {
  const auto& pictures = check.model->labels.pictures;
  if (pictures.empty()) return;
  const DataSource& source = *check.open.source;
  SheetColumns columns(sheet, fmt::format("Probably mislabelled: {}; beside its own identity and the nearest", pictures.size()), 3);
  const auto shown = std::span(pictures).first(std::min(items, pictures.size()));
  std::set<int64_t> identities;
  for (const MislabelledPicture& one : shown) identities.insert({source.identity(one.index), one.other});
  const FirstPictures others(source, identities);
  for (const MislabelledPicture& one : shown) {
    std::vector<Cell> cells{cell_of(source, one.index, name_of(source, one.index))};
    for (const int64_t index : {others.of(source.identity(one.index), one.index), others.of(one.other, one.index)})
      cells.push_back(index < 0 ? Cell() : cell_of(source, index, name_of(source, index)));
    columns.add(std::move(cells));
  }
}

}  // namespace

ContactSheet check_sheet(const DataCheck& check, int64_t items) {
  const DataSource& source = *check.open.source;
  const Copies& copies = check.findings.copies;
  const auto most = static_cast<size_t>(items);
  ContactSheet sheet;
  sheet.title = "Suspicious pictures";
  sheet.subtitle = whole_text(check);
  add_pairs(sheet, "Copies across identities", copies.across, source, source, most);
  add_pairs(sheet, "Copies within one identity", copies.within, source, source, most);
  if (check.other.source) add_pairs(sheet, "Also in the other source", copies.other, source, *check.other.source, most);
  if (check.model) add_mislabelled(sheet, check, most);
  if (suspicions(check).empty()) sheet.subtitle += "; nothing is suspicious";
  return sheet;
}

}  // namespace lafs
