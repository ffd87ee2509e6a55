#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lafs::image_folder {

/// Names and identities of pictures. In memory an image costs 12 bytes and the bytes of its relative path. Const members: [any thread]
class Listing {
 public:
  int64_t size() const { return static_cast<int64_t>(identities_.size()); }
  int64_t identities() const { return static_cast<int64_t>(identity_names_.size()); }
  int64_t identity(int64_t index) const { return identities_[static_cast<size_t>(index)]; }
  const std::string& identity_name(int64_t identity) const { return identity_names_[static_cast<size_t>(identity)]; }
  std::string_view name(int64_t index) const;  ///< path relative to the root
  std::optional<int64_t> find(std::string_view name) const;

  void set_identities(std::vector<std::string> names) { identity_names_ = std::move(names); }
  void add(std::string_view name, int64_t identity);   ///< throws Error when names exceed 4 GiB
  void renumber(const std::vector<int64_t>& numbers);  ///< identity i becomes numbers[i]
  /// Call after the last add. Returns an index whose name occurred before, if there is one.
  std::optional<int64_t> index_names();
  /// Without these indices (ascending); identities keep their numbers. Index again afterwards.
  void remove(const std::vector<int64_t>& indices);

 private:
  std::string names_;
  std::vector<uint32_t> ends_, identities_, by_hash_;
  std::vector<std::string> identity_names_;
};

}  // namespace lafs::image_folder
