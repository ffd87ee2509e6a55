#include "formats/face_bin.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "lafs/error.h"

namespace lafs::formats {

namespace {

using Kind = PickleValue::Kind;

[[noreturn]] void fail(const std::string& name, const std::string& reason) {
  throw Error(fmt::format("cannot read \"{}\": {}", name, reason));
}

std::span<const std::byte> picture(const PickleValue& value, size_t index, const std::string& name) {
  std::string_view bytes;
  if (value.is(Kind::bytes)) {
    bytes = value.text;
  } else if (value.is(Kind::array)) {
    const auto& shape = value.array->shape;
    const bool row = shape.size() == 1 || (shape.size() == 2 && (shape[0] == 1 || shape[1] == 1));
    if (value.array->type == "u1" && row) bytes = value.array->data;
    if (bytes.empty()) {
      fail(name, fmt::format("picture {} is not the bytes of an encoded picture but an array of type \"{}\" and shape [{}]; save pictures "
                             "as PNG or JPEG bytes",
                             index, value.array->type, fmt::join(shape, ", ")));
    }
  } else if (value.is(Kind::object)) {
    fail(name, fmt::format("picture {} is made by \"{}\"", index, value.constructor()));
  }
  if (bytes.empty()) fail(name, fmt::format("picture {} is not the bytes of an encoded picture", index));
  return std::as_bytes(std::span(bytes));
}

std::vector<bool> truth(const PickleValue& value, const std::string& name) {
  std::vector<bool> same;
  const auto add = [&](int64_t number) {
    if (number != 0 && number != 1 && number != -1)
      fail(name, fmt::format("pair {} has the truth value {}, neither 0 nor 1", same.size(), number));
    same.push_back(number == 1);
  };
  if (value.is(Kind::array)) {
    const PickleArray& array = *value.array;
    const size_t size = numpy_item_size(array.type);
    if (array.shape.size() != 1 || size == 0 || array.type[0] == 'f') fail(name, "the truth values are not a list of bools");
    for (size_t i = 0; i < array.data.size(); i += size) {
      uint64_t number = 0;
      for (size_t b = 0; b < size; ++b) number = number << 8 | static_cast<uint8_t>(array.data[i + (array.big_endian ? b : size - 1 - b)]);
      add(size < 8 && array.type[0] == 'i' && (number >> (8 * size - 1)) != 0 ? -1 : static_cast<int64_t>(number));
    }
    return same;
  }
  if (!value.is_sequence()) fail(name, "the truth values are not a list of bools");
  for (const PickleValue* item : value.items) {
    const bool whole = item->is(Kind::real) && (item->real == 0 || std::abs(item->real) == 1);
    if (item->is(Kind::real) && !whole) fail(name, fmt::format("pair {} has the truth value {}, neither 0 nor 1", same.size(), item->real));
    if (!whole && !item->is(Kind::boolean) && !item->is(Kind::integer)) fail(name, fmt::format("pair {} has no truth value", same.size()));
    add(whole ? static_cast<int64_t>(item->real) : item->integer);
  }
  return same;
}

}  // namespace

FaceBin::FaceBin(const std::filesystem::path& file) : file_(file) { read(file_->bytes(), file.string()); }

FaceBin::FaceBin(std::span<const std::byte> bytes, const std::string& name) { read(bytes, name); }

void FaceBin::read(std::span<const std::byte> bytes, const std::string& name) {
  // A pickle of a pair begins with one of these opcodes: PROTO, MARK, EMPTY_LIST or GLOBAL. Other files get an error that says so.
  if (bytes.empty() || std::string_view("\x80(]c").find(static_cast<char>(bytes[0])) == std::string_view::npos)
    fail(name, "it is not a face .bin, a pickle of pictures and truth values");
  auto pickle = std::make_shared<Pickle>(bytes, name);
  pickle->expect_end();
  pickle_ = pickle;
  const PickleValue& pair = pickle_->root();
  if (pair.is(Kind::dict)) {
    std::string keys;
    for (size_t i = 0; i < std::min<size_t>(pair.items.size(), 8); i += 2)
      keys += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", pair.items[i]->is_text() ? pair.items[i]->text : "?");
    fail(name,
         fmt::format("it holds a dict with the keys {}, not a pair of pictures and truth values; save the pair: pickle.dump((pictures, "
                     "same), file)",
                     keys));
  }
  if (pair.is(Kind::object))
    fail(name, fmt::format("it holds an object made by \"{}\", not pictures and truth values", pair.constructor()));
  if (!pair.is_sequence() || pair.items.size() != 2) fail(name, "it does not hold a pair of pictures and truth values");
  const PickleValue& list = *pair.items[0];
  if (list.is(Kind::array))
    fail(name,
         fmt::format("the pictures are not a list but an array of type \"{}\", which cuts zeros off the ends of pictures; save a list "
                     "of bytes",
                     list.array->type));
  if (!list.is_sequence()) fail(name, "the pictures are not a list");
  if (!list.items.empty() && list.items[0]->is(Kind::boolean))
    fail(name, "its first part holds the truth values; save the pictures first: pickle.dump((pictures, same), file)");
  same_ = truth(*pair.items[1], name);
  if (list.items.size() != 2 * same_.size())
    fail(name, fmt::format("{} pairs need {} pictures, and there are {}", same_.size(), 2 * same_.size(), list.items.size()));
  pictures_.reserve(list.items.size());
  for (const PickleValue* item : list.items) pictures_.push_back(picture(*item, pictures_.size(), name));
}

}  // namespace lafs::formats
