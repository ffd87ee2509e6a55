#include "listing.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "lafs/error.h"

namespace lafs::image_folder {

namespace fs = std::filesystem;

std::string_view Listing::name(int64_t index) const {
  const auto i = static_cast<size_t>(index);
  const size_t begin = i == 0 ? 0 : ends_[i - 1];
  return std::string_view(names_).substr(begin, ends_[i] - begin);
}

namespace {

uint64_t hash_of(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

}  // namespace

std::optional<int64_t> Listing::find(std::string_view wanted) const {
  const uint64_t hash = hash_of(wanted);
  auto at = std::lower_bound(by_hash_.begin(), by_hash_.end(), hash, [&](uint32_t index, uint64_t h) { return hash_of(name(index)) < h; });
  for (; at != by_hash_.end() && hash_of(name(*at)) == hash; ++at) {
    if (name(*at) == wanted) return *at;
  }
  return std::nullopt;
}

void Listing::add(std::string_view name, int64_t identity) {
  names_ += name;
  if (names_.size() > std::numeric_limits<uint32_t>::max()) throw Error("names of images exceed 4 GiB; split the folder");
  ends_.push_back(static_cast<uint32_t>(names_.size()));
  identities_.push_back(static_cast<uint32_t>(identity));
}

std::optional<int64_t> Listing::index_names() {
  std::vector<std::pair<uint64_t, uint32_t>> order(ends_.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = {hash_of(name(i)), i};
  std::sort(order.begin(), order.end());
  by_hash_.resize(order.size());
  std::optional<int64_t> repeated;
  for (size_t i = 0; i < order.size(); ++i) {
    by_hash_[i] = order[i].second;
    if (i > 0 && order[i].first == order[i - 1].first && name(order[i].second) == name(order[i - 1].second)) repeated = order[i].second;
  }
  return repeated;
}

void Listing::remove(const std::vector<int64_t>& indices) {
  Listing rest;
  rest.identity_names_ = std::move(identity_names_);
  auto next = indices.begin();
  for (int64_t i = 0; i < size(); ++i) {
    if (next != indices.end() && *next == i) {
      ++next;
    } else {
      rest.add(name(i), identity(i));
    }
  }
  *this = std::move(rest);
}

namespace {

/// A line of a list of images.
struct Line {
  std::string name, identity;
  int64_t number = 0;
};

/// Path and identity of a line that is not empty; throws Error without a place.
Line parse_line(const std::string& text, const fs::path& root, int64_t number) {
  const size_t tab = text.find('\t'), cut = tab != std::string::npos ? tab : text.find(' ');
  Line line{text.substr(0, cut), cut == std::string::npos ? "" : text.substr(text.find_first_not_of(" \t", cut)), number};
  if (!fs::is_regular_file(root / line.name)) throw Error(fmt::format("\"{}\" is not in \"{}\"", line.name, root.string()));
  if (line.identity.empty()) line.identity = fs::path(line.name).parent_path().generic_string();
  if (line.identity.empty()) throw Error(fmt::format("\"{}\" has no identity and is not in a folder", line.name));
  return line;
}

}  // namespace

Listing read_list(const fs::path& list, const fs::path& root) {
  if (!fs::is_directory(root)) throw Error(fmt::format("the folder \"{}\" does not exist", root.string()));
  std::ifstream in(list);
  if (!in) throw Error(fmt::format("the list \"{}\" cannot be read", list.string()));
  const auto where = [&](int64_t line) { return fmt::format("{}:{}", list.string(), line); };
  std::vector<Line> lines;
  std::map<std::string, int64_t> numbers;
  int64_t number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    while (!text.empty() && (text.back() == '\r' || text.back() == ' ' || text.back() == '\t')) text.pop_back();
    if (text.empty()) continue;
    try {
      lines.push_back(parse_line(text, root, number));
    } catch (const Error& error) {
      throw error.at(where(number));
    }
    numbers[lines.back().identity] = 0;
  }
  if (lines.empty()) throw Error(fmt::format("the list \"{}\" names no images", list.string()));
  std::vector<std::string> names;
  for (auto& [name, value] : numbers) {
    value = static_cast<int64_t>(names.size());
    names.push_back(name);
  }
  Listing out;
  out.set_identities(std::move(names));
  for (const Line& line : lines) out.add(line.name, numbers[line.identity]);
  if (const auto repeated = out.index_names()) {
    throw Error(fmt::format("\"{}\" is named a second time", out.name(*repeated))).at(where(lines[static_cast<size_t>(*repeated)].number));
  }
  return out;
}

}  // namespace lafs::image_folder
