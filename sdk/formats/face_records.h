#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "formats/recordio.h"

namespace lafs::formats {

/// The beginning of a record of a face set (data-formats.md 2.1).
struct FaceHeader {
  static constexpr size_t bytes = 24;  ///< without the labels of `flag`

  uint32_t flag = 0;  ///< number of labels that follow; 0: the one in the header
  uint64_t id = 0, id2 = 0;
  std::vector<float> labels;  ///< at least one
  size_t body = bytes;        ///< where the encoded picture starts
};
/// Throws Error without a place for a record that is too short, and for a flag above 2^20.
FaceHeader parse_face_header(std::span<const uint8_t> payload);
/// A label as a number: throws Error for one that is negative, not whole, or not a number.
int64_t whole_label(float label);
/// A record; one label makes flag 0 unless `as_list`.
std::vector<uint8_t> face_record(std::span<const float> labels, bool as_list, uint64_t id, uint64_t id2, std::span<const uint8_t> body);

/// Labels are 32-bit floats, which hold every whole number up to here; above, neighbours may be one label.
constexpr int64_t exact_labels = int64_t{1} << 24;

/// The file `property` of a set (data-formats.md 2.3).
struct FaceProperty {
  int64_t classes = 0, height = 0, width = 0;
  std::optional<int64_t> pictures;  ///< of the second line, which newer builders write
};
FaceProperty read_property(const std::filesystem::path& file);

/// A face record set: "train.rec" with "train.idx" and "property" beside it, in both styles (data-formats.md 2.2). Pictures come in
/// the order of identities and keys (range style), or of the index (plain style). Memory: 12 bytes a record, 5 more where keys
/// do not ascend and the file is larger than 16 GiB. [any thread]
class FaceRecords {
 public:
  enum class Style { range, plain };
  struct Options {
    /// Range style: reads each picture's label from its own record at opening. Otherwise labels are those of the ranges, tried on some
    /// pictures, and every picture that is read is compared with its range. Above 2^24, where ranges are rounded, own records decide.
    bool own_labels = false;
    int64_t threads = 4;  ///< that read labels
  };

  /// Throws Error naming file and key for a malformed set (data-formats.md 2.7).
  FaceRecords(const std::filesystem::path& records, const Options& options);

  const std::filesystem::path& path() const { return file_.path(); }
  Style style() const { return style_; }
  int64_t size() const { return static_cast<int64_t>(labels_.size()); }
  uint64_t key(int64_t i) const { return index_.key(position(i)); }
  int64_t label(int64_t i) const { return labels_[static_cast<size_t>(i)]; }
  int64_t largest_label() const { return largest_; }
  uint64_t offset(int64_t i) const { return index_.offset(position(i)); }
  std::optional<int64_t> find(uint64_t key) const;
  /// The encoded picture. Throws Error naming file and key, also when the record's label is not `label(i)`.
  std::vector<uint8_t> picture(int64_t i) const;
  /// The whole record, header and encoded picture, unchecked. False for one that cannot be read.
  bool record(int64_t i, std::vector<uint8_t>& bytes) const;
  std::string name(int64_t i) const;  ///< `"file": key 7`, for errors

  const std::optional<FaceProperty>& property() const { return property_; }
  const std::vector<std::string>& warnings() const { return warnings_; }  ///< oddities that were accepted, in order

 private:
  struct Range {
    int64_t first = 0, end = 0;
  };
  RecordIndex open_index();
  void open_property();
  std::optional<FaceHeader> range_header();
  std::optional<FaceHeader> header_in_place_of_zeros();
  void read_plain();
  void check_kind() const;
  void check_labels();
  FaceHeader identity_record(int64_t key) const;
  bool is_identity_record(int64_t key) const;
  std::pair<int64_t, int64_t> identity_keys(const FaceHeader& header) const;
  std::vector<Range> ranges_of(int64_t first_identity, int64_t end_identity);
  void shorten(Range& range, int64_t key, int64_t first_identity);
  void read_ranges(const FaceHeader& header);
  void check_ranges(const std::vector<Range>& ranges, int64_t identity_key);
  void place_pictures(const std::vector<Range>& ranges);
  void label_ranges(const std::vector<Range>& ranges, bool own);
  void read_labels(int64_t begin, int64_t end);
  /// What a record says at its beginning.
  struct OwnHeader {
    int64_t label = 0;
    uint64_t id = 0, length = 0;  ///< length: bytes of the record
  };
  OwnHeader own_header(int64_t i, RecordFile::Window& window) const;
  void check_left_over(uint64_t counted);
  uint64_t taken_bytes(int64_t i) const;
  void check_label(int64_t i, float own) const;
  int64_t position(int64_t i) const { return positions_.empty() ? first_ + i : int64_t{positions_[static_cast<size_t>(i)]}; }

  RecordFile file_;
  Options options_;
  std::vector<std::string> warnings_;
  RecordIndex index_;
  Style style_ = Style::plain;
  std::vector<uint32_t> labels_;
  std::vector<uint32_t> positions_;  ///< of pictures in the index; empty: from first_ on
  bool without_zeros_ = false;       ///< plain style, and record 0 is a header of zeros: no picture
  int64_t first_ = 0, largest_ = 0;
  std::optional<FaceProperty> property_;
};

}  // namespace lafs::formats
