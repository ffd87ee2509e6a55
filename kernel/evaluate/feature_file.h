#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "lafs/data_source.h"

namespace lafs {

/// Features of a whole data source on their way into a file. Rows go to `FILE.partial` as they come, so that a stopped run continues where
/// it was; `finish` makes of them
///   FILE        "features" [rows, width] float32; as safetensors also "identities" [rows] int64
///   FILE.tsv    row, key and identity of each picture; \t, \n, \r and \\ in a key are written as two characters
///   FILE.json   the facts
///   FILE.identities.tsv   names of identities, where the source has some that are not their numbers
/// Every member throws Error naming the file. [main thread]
class FeatureFile {
 public:
  struct Shape {
    int64_t rows = 0, width = 0;
    int64_t chunk = 1;  ///< rows of an `append`, the last one excepted: what an interrupted write leaves of one is dropped
  };

  /// `facts` say what the rows are; rows or features of other facts that are there are refused, or with `start_over` replaced:
  /// they go when the first new row comes.
  /// Throws Error for an ending that is neither ".npy" nor ".safetensors", and while another process writes the same file.
  /// `former()` is the data's fingerprint as it was recorded before contents were looked at: features with it are taken for those of the
  /// same data, and get the one of now.
  FeatureFile(std::filesystem::path file, Shape shape, const nlohmann::json& facts, bool start_over,
              std::function<std::string()> former = nullptr);
  ~FeatureFile();

  bool finished() const { return finished_; }  ///< the very features are there: nothing is to do
  bool renewed() const { return renewed_; }    ///< whether what is there had the former fingerprint
  int64_t rows() const { return rows_; }       ///< there so far
  void append(std::span<const float> values);  ///< on disk when it returns
  void finish(const DataSource& source);       ///< of rows that are all there; `source` gives keys and identities

 private:
  class Rows;
  void refuse_others(const std::filesystem::path& facts_file, const std::filesystem::path& what);
  void remove_old() const;
  void write_features(const DataSource& source) const;
  void write_keys(const DataSource& source) const;

  std::filesystem::path file_, partial_, partial_facts_, facts_file_, keys_file_, names_file_;
  Shape shape_;
  std::function<std::string()> former_;
  std::unique_ptr<nlohmann::json> facts_;
  std::unique_ptr<Rows> partial_rows_;  ///< null when finished before
  int64_t rows_ = 0;
  bool finished_ = false, renewed_ = false;
};

}  // namespace lafs
