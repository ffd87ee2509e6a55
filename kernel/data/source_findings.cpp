#include "kernel/data/source_findings.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>

#include "lafs/named.h"

namespace lafs {

namespace {

struct Colours {
  bool grey = true, bluer = false;
};

Colours colours_of(const Image& image) {
  Colours colours;
  const uint8_t* bytes = image.bytes.get();
  for (int64_t i = 0; i < image.size() && colours.grey; i += 3) colours.grey = bytes[i] == bytes[i + 1] && bytes[i] == bytes[i + 2];
  if (colours.grey) return colours;
  int64_t red = 0, blue = 0;
  for (int64_t y = image.height / 4; y < std::max(image.height - image.height / 4, image.height / 4 + 1); ++y) {
    const uint8_t* row = image.row(y);
    for (int64_t x = image.width / 4; x < image.width - image.width / 4; ++x) {
      red += row[3 * x];
      blue += row[3 * x + 2];
    }
  }
  colours.bluer = blue > red;
  return colours;
}

/// Gathers what single pictures say.
class Gathering {
 public:
  Gathering(SourceFindings& findings, CopySearch* copies) : findings_(findings), copies_(copies) {}

  void see(int64_t index, const Image& image) {
    const Colours colours = colours_of(image);
    const PicturePrint print = copies_ ? print_of(image) : PicturePrint();
    const std::lock_guard lock(guard_);
    ++findings_.sizes[{image.height, image.width}];
    ColourFindings& all = findings_.colours;
    if (colours.grey) {
      if (++all.grey == 1 || index < all.first_grey) all.first_grey = index;
    } else {
      ++all.coloured;
      all.bluer += colours.bluer;
    }
    keep(index, print);
  }

  void keep(int64_t index, const PicturePrint& print) {
    if (!copies_) return;
    copies_->prints[static_cast<size_t>(index)] = print;
    copies_->whole[static_cast<size_t>(index)] = true;
  }

  /// Of the other source, whose pictures come behind those of the first.
  void see_other(int64_t index, const Image& image) {
    const PicturePrint print = print_of(image);
    const std::lock_guard lock(guard_);
    keep(index, print);
  }

 private:
  std::mutex guard_;
  SourceFindings& findings_;
  CopySearch* copies_;
};

}  // namespace

LabelFindings find_labels(const DataSource& source) {
  LabelFindings labels;
  std::vector<std::pair<int64_t, int64_t>> pictures;  // identity, index
  for (int64_t i = 0; i < source.size(); ++i) pictures.emplace_back(source.identity(i), i);
  std::sort(pictures.begin(), pictures.end());
  int64_t next = 0;
  for (size_t begin = 0, end = 0; begin < pictures.size(); begin = end) {
    const int64_t identity = pictures[begin].first;
    while (end < pictures.size() && pictures[end].first == identity) ++end;
    if (identity > next) labels.without.emplace_back(next, identity - 1);
    next = identity + 1;
    if (end == begin + 1) labels.single.push_back(pictures[begin].second);
    ++labels.with_pictures;
  }
  if (next < source.identities()) labels.without.emplace_back(next, source.identities() - 1);
  std::sort(labels.single.begin(), labels.single.end());
  if (!pictures.empty()) labels.smallest = pictures.front().first, labels.largest = pictures.back().first;
  return labels;
}

SharedFindings find_shared_names(const DataSource& source, const DataSource& other) {
  SharedFindings shared;
  shared.pictures = other.size();
  const auto names_of = [](const DataSource& of) {
    std::set<std::string> names;
    for (int64_t identity = 0; identity < of.identities(); ++identity) names.insert(identity_name(of, identity));
    names.erase("");
    return names;
  };
  const std::set<std::string> own = names_of(source), others = names_of(other);
  shared.names_compared = !own.empty() && !others.empty();
  std::set_intersection(own.begin(), own.end(), others.begin(), others.end(), std::back_inserter(shared.names));
  return shared;
}

SourceFindings find_in_source(const DataSource& source, const FindingsRequest& request) {
  SourceFindings findings;
  CopySearch search;
  Gathering gathering(findings, request.copies ? &search : nullptr);
  const int64_t own = source.size(), others = request.other ? request.other->size() : 0;
  if (request.copies) {
    search.prints.resize(static_cast<size_t>(own + others));
    search.whole.resize(static_cast<size_t>(own + others));
  }
  const auto pictures = [&](const char* phase, int64_t total) {
    return [&request, phase, total](int64_t done) { return request.go_on(phase, done, total); };
  };
  findings.check = check_source(source, request.threads, pictures("pictures", own),
                                [&](int64_t index, const Image& image) { gathering.see(index, image); });
  if ((findings.stopped = findings.check.checked < own)) return findings;
  findings.labels = find_labels(source);
  if (!request.copies) return findings;
  if (request.other) {
    const auto seen = [&](int64_t index, const Image& image) { gathering.see_other(own + index, image); };
    const SourceCheck other = check_source(*request.other, request.threads, pictures("pictures of the other source", others), seen);
    findings.shared = find_shared_names(source, *request.other);
    findings.shared.damaged = static_cast<int64_t>(other.damaged.size());
    if ((findings.stopped = other.checked < others)) return findings;
  }
  search.other = request.other;
  search.threads = request.threads;
  search.go_on = [&](int64_t done, int64_t total) { return request.go_on("pairs", done, total); };
  findings.copies = find_copies(source, search);
  findings.stopped = findings.copies.stopped;
  return findings;
}

}  // namespace lafs
