#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lafs::formats {

/// A NumPy array: `data` holds the elements of `shape` in C order, or Fortran order where `fortran` is set. It is empty for elements that
/// are no plain numbers: texts, dates, objects, records, complex and long numbers; of those only type and shape are known.
struct PickleArray {
  std::string type;  ///< kind and bytes: "u1", "b1", "f8"; of others what NumPy calls them: "U7", "O8", "M8[D]"
  bool big_endian = false, fortran = false;
  std::vector<int64_t> shape;
  std::string_view data;
};

/// One value of a pickle. Values refer to each other and to the bytes they were read from; shared ones are shared.
struct PickleValue {
  enum class Kind : uint8_t {
    none,
    boolean,
    integer,
    big_integer,  ///< beyond 64 bits: two's complement bytes, or the decimal text, in `text`
    real,
    bytes,
    text,
    list,  ///< sets too
    tuple,
    dict,  ///< `items` alternate: key, value; the order of the file; a key may occur twice
    array,
    dtype,       ///< of NumPy, `array` holds only type and byte order
    global,      ///< a name with its module: "torch.FloatStorage"
    object,      ///< result of an unknown constructor: `items` are the constructor, its arguments, then what was added
    persistent,  ///< a reference into the file around the pickle; `items` holds its id
  };
  using Items = std::vector<const PickleValue*>;

  Kind kind = Kind::none;
  uint8_t depth = 1;
  int64_t integer = 0;
  double real = 0;
  std::string_view text;
  Items items;
  std::unique_ptr<PickleArray> array;
  const PickleValue* state = nullptr;  ///< of an object: what BUILD gave it

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_text() const { return kind == Kind::text || kind == Kind::bytes; }
  bool is_sequence() const { return kind == Kind::list || kind == Kind::tuple; }
  /// The value of a text key in a dict; null if absent or if this is not a dict.
  const PickleValue* find(std::string_view key) const;
  /// The name an object's constructor has, "module.name"; empty for other values.
  std::string_view constructor() const;
};

/// A restricted reader of Python pickles, protocols 0 to 5: nothing is executed; a name can occur and is never called (data-formats 4.1,
/// 4.2). Depth 100 and 2^24 values at most; memory grows with the bytes of the file, whatever counts the file claims.
/// Values look into `bytes`, which must outlive this. [any thread once made]
class Pickle {
 public:
  /// Reads one pickle at the start of `bytes`. Throws Error `cannot read "NAME": ... at byte N of the pickle`.
  Pickle(std::span<const std::byte> bytes, std::string name);

  const PickleValue& root() const { return *root_; }
  const std::deque<PickleValue>& values() const { return values_; }  ///< all, also those that the root does not reach
  size_t size() const { return size_; }                              ///< bytes up to and including STOP
  /// Throws Error if anything but zeros follows in the bytes given.
  void expect_end() const;

  static constexpr int deepest = 100;
  static constexpr size_t most = size_t{1} << 24;

 private:
  friend class PickleMachine;

  std::span<const std::byte> bytes_;
  std::string name_;
  size_t size_ = 0;
  std::deque<PickleValue> values_;  ///< owns every value: graphs with loops are freed as easily as trees
  std::deque<std::string> texts_;   ///< texts that the file holds in another form, escaped or encoded
  const PickleValue* root_ = nullptr;
};

/// Bytes of one element of a NumPy type such as "f8"; 0 if it is not a plain number or bool.
size_t numpy_item_size(std::string_view type);

}  // namespace lafs::formats
