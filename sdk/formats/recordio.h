#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/atomic_file.h"
#include "formats/pread_file.h"

namespace lafs::formats {

/// Records of a MXNet RecordIO file by the offset of their first byte (data-formats.md 1). Split records come joined.
/// Malformed records throw Error with file, offset, what was expected and what was found. [any thread]
class RecordFile {
 public:
  explicit RecordFile(const std::filesystem::path& file);

  const std::filesystem::path& path() const { return file_.path(); }
  uint64_t size() const { return file_.size(); }  ///< bytes
  /// Puts the record's bytes into `payload` and returns the offset behind it. `expected` bytes are read at once: a good guess of
  /// what the record takes in the file saves a second call to the system.
  uint64_t read(uint64_t offset, std::vector<uint8_t>& payload, uint64_t expected = 16384) const;

  /// The same with the first bytes of the record put into `first`, the others into `rest`. Returns false for a record that is split or
  /// shorter than `first`; the contents of both are then unspecified.
  bool read_apart(uint64_t offset, std::span<uint8_t> first, std::vector<uint8_t>& rest, uint64_t expected) const;

  /// Whether the file begins as every RecordIO file does.
  bool begins_with_record() const;

  /// A piece of the file in memory, from which beginnings of records are taken. [one thread at a time]
  struct Window {
    uint64_t wanted = 64;  ///< bytes to read at once when the piece in memory does not suffice
    uint64_t begin = 0;
    std::vector<uint8_t> bytes, joined;
  };
  /// The beginning of a record. `bytes` live until the window is used again.
  struct Head {
    std::span<const uint8_t> bytes;  ///< at most `count`
    uint64_t length = 0;             ///< of the whole record
  };
  Head head(uint64_t offset, uint64_t count, Window& window) const;

  /// Whether the padding of the last record is missing, which is accepted.
  bool ends_without_padding() const { return size() % 4 != 0; }

 private:
  struct Part {
    uint32_t kind = 0;
    uint64_t length = 0;
  };
  void check_start(uint64_t offset) const;
  Part part(uint64_t offset, std::span<const uint8_t> bytes) const;
  Part start(uint64_t offset, std::span<const uint8_t> bytes) const;
  Part fetch(uint64_t offset, std::vector<uint8_t>& bytes, uint64_t expected) const;
  uint64_t join(uint64_t offset, std::vector<uint8_t>& payload) const;
  [[noreturn]] void fail(uint64_t offset, const std::string& what) const;

  PreadFile file_;
};

/// Offsets that are multiples of 4 below 4 TiB, in 4 bytes each, or 5 once one is beyond 16 GiB.
class CompactOffsets {
 public:
  void push_back(uint64_t offset);
  void reserve(size_t count) { low_.reserve(count); }
  uint64_t operator[](size_t i) const { return (low_[i] | (high_.empty() ? 0 : uint64_t{high_[i]} << 32)) * 4; }
  size_t size() const { return low_.size(); }
  void shrink_to_fit();
  static constexpr uint64_t limit = uint64_t{1} << 42;

 private:
  std::vector<uint32_t> low_;
  std::vector<uint8_t> high_;
};

/// The keys of a RecordIO file and where their records start, in the order of the file. Memory: at most 13 bytes a record. [any thread]
class RecordIndex {
 public:
  /// Reads an ".idx" file, lines "key<tab>offset". Throws Error "file:line: error: ..." for a malformed line, an offset that is not a
  /// multiple of 4 or not within the `record_bytes` of the file, and a key that appears twice. Keys are below 2^32.
  static RecordIndex read(const std::filesystem::path& file, uint64_t record_bytes);
  /// Makes the index by going over all records, whose keys are their `id` fields (data-formats.md 2.1). Throws Error naming the record.
  static RecordIndex scan(const RecordFile& records);

  int64_t size() const { return static_cast<int64_t>(keys_.size()); }
  uint64_t key(int64_t position) const { return keys_[static_cast<size_t>(position)]; }
  uint64_t offset(int64_t position) const { return offsets_[static_cast<size_t>(position)]; }
  std::optional<int64_t> find(uint64_t key) const;  ///< position of the key
  int64_t at(uint64_t key) const;                   ///< throws Error naming key and file

 private:
  explicit RecordIndex(std::filesystem::path file) : file_(std::move(file)) {}
  void reserve(uint64_t lines);
  void add(uint64_t key, uint64_t offset);
  std::optional<int64_t> sort();  ///< a position whose key an earlier one has too, if there is one

  std::filesystem::path file_;
  std::vector<uint32_t> keys_;
  CompactOffsets offsets_;
  std::vector<uint32_t> by_key_;  ///< positions; empty when the keys ascend, a last key 0 apart
};

/// Writes a RecordIO file with its index; each appears whole at `finish`, or not at all. [one thread at a time]
class RecordWriter {
 public:
  /// The index goes beside `file` with the ending ".idx".
  explicit RecordWriter(const std::filesystem::path& file);
  /// Appends a record, split where it holds an aligned magic number. Throws Error for one of 2^29 bytes or more, and for a full disk.
  void write(uint64_t key, std::span<const uint8_t> payload);
  void finish();
  uint64_t size() const { return offset_; }  ///< bytes so far

 private:
  void part(uint32_t kind, std::span<const uint8_t> bytes);
  void flush(size_t at_least);

  std::filesystem::path file_;
  AtomicFile records_, index_;
  std::vector<uint8_t> waiting_;
  std::string lines_;
  uint64_t offset_ = 0;
};

/// The index that belongs to a file of records: the same name with the ending ".idx", or ".IDX" where only that is there.
std::filesystem::path index_of(std::filesystem::path records);

/// Whether a name ends in ".rec", in capitals or not.
bool is_record_name(const std::filesystem::path& file);

/// The record files of a folder: "train.rec", or else all that end in ".rec", by name; capitals or not. Empty where there is none.
std::vector<std::filesystem::path> record_files(const std::filesystem::path& folder);

}  // namespace lafs::formats
