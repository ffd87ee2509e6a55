#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lafs::formats {

/// Two pictures that are compared, by key.
struct ListedPair {
  std::string first, second;
  bool same = false;
  int64_t line = 0;  ///< from 1
};

struct PairList {
  std::vector<ListedPair> pairs;
  int64_t folds = 0;        ///< as LFW's first line says; 0: it does not
  bool has_endings = true;  ///< false: keys are "Name/Name_0001", whose ending depends on the copy of LFW
};

/// Pairs of pictures, a line each, in one of two forms:
///   LFW's     `pairs.txt` and `pairsDev*.txt`: a first line FOLDS PAIRS or PAIRS, then in each fold PAIRS lines NAME I J of one person and
///             PAIRS lines NAME1 I NAME2 J of different people, I and J from 1
///   keys      lines KEY KEY 0|1, 1 for one person; keys are paths, or the numbers of a record set
/// The first line decides: one or two whole numbers are LFW's. Throws Error with file and line for a line of neither form, for LFW's lines
/// without LFW's first line, and for a first line that does not fit the pairs that follow; it says what to write.
PairList read_pair_list(const std::filesystem::path& file);

/// LFW's name of a picture without its ending: "Name/Name_0001".
std::string lfw_key(const std::string& name, int64_t number);

}  // namespace lafs::formats
