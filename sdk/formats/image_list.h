#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lafs::formats {

/// Text lists of pictures, people and pairs. Fields are separated by tabs where a line has one, else by blanks; "\r\n", trailing
/// blanks, empty lines at the end and a missing last newline are accepted. Any other mistake throws Error "file:line: error: ...".

/// A line `path` or `path label`.
struct ListedPicture {
  std::string path;
  int64_t label = -1;  ///< -1 when the list has no labels
  int64_t line = 0;    ///< from 1
};
/// Either every line has a label, >= 0, or none has.
std::vector<ListedPicture> read_picture_list(const std::filesystem::path& file);

/// A line `Name count` of LFW's people lists.
struct ListedPerson {
  std::string name;
  int64_t pictures = 0;
  int64_t line = 0;
};
/// View 1 has one block, View 2 one for each fold.
std::vector<std::vector<ListedPerson>> read_people_list(const std::filesystem::path& file);

/// Two pictures that are compared, by key.
struct ListedPair {
  std::string first, second;
  bool same = false;
  int64_t line = 0;
};
struct PairList {
  std::vector<ListedPair> pairs;
  int64_t folds = 0;        ///< as LFW's first line says; 0: it does not
  bool has_endings = true;  ///< false: keys are "Name/Name_0001", whose ending depends on the copy of LFW
};
/// LFW's `pairs.txt` and `pairsDev*.txt` (first line `folds count` or `count`, lines `Name i j` and `Name1 i Name2 j`), or plain lines
/// `pathA pathB 0|1`. The first line decides: LFW's holds only whole numbers.
PairList read_pair_list(const std::filesystem::path& file);

/// LFW's name of a picture without its ending: "Name/Name_0001".
std::string lfw_key(const std::string& name, int64_t number);

}  // namespace lafs::formats
