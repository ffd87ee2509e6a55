#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lafs::formats {

/// A line of a list of people.
struct ListedPerson {
  std::string name;     ///< before a tab; without a tab the whole line
  std::string shorter;  ///< without a tab, where the line ends in a number: what is before it, for the number may count pictures
  std::optional<int64_t> pictures;  ///< the number behind the name
  int64_t line = 0;                 ///< from 1
};

/// People, a line each: NAME, or NAME and the number of pictures. Only LFW's format has headings: a first line with nothing but the number
/// of people, or of folds that begin with their number of people each, before lines that end in a number of pictures. Such headings are
/// checked. In any other list a line of digits is a person. Throws Error with file and line for a wrong heading, and for an empty list.
std::vector<ListedPerson> read_people_list(const std::filesystem::path& file);

}  // namespace lafs::formats
