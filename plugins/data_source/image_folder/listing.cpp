#include "listing.h"

#include <algorithm>
#include <limits>
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

void Listing::renumber(const std::vector<int64_t>& numbers) {
  for (uint32_t& identity : identities_) identity = static_cast<uint32_t>(numbers[identity]);
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

}  // namespace lafs::image_folder
