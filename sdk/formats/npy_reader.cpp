#include "formats/npy_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>

#include "formats/mapped_file.h"
#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

/// The dict literal of a header: three keys in any order.
class NpyHeader {
 public:
  NpyHeader(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {
    expect('{');
    while (!take('}')) {
      read_key();
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip();
    if (at_ != text_.size()) fail("the header goes on after its \"}\"");
    for (const auto& [key, there] :
         {std::pair{"descr", descr.has_value()}, {"fortran_order", fortran.has_value()}, {"shape", shape.has_value()}})
      if (!there) fail(fmt::format("the header has no \"{}\"", key));
  }

  std::optional<std::string> descr;
  std::optional<bool> fortran;
  std::optional<std::vector<int64_t>> shape;

 private:
  [[noreturn]] void fail(const std::string& reason) const { throw Error(fmt::format("cannot read \"{}\": {}", name_, reason)); }
  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(fmt::format("the header has no '{}' at character {}", c, at_));
  }
  std::string word() {
    skip();
    const size_t from = at_;
    while (at_ < text_.size() && std::isalnum(static_cast<unsigned char>(text_[at_]))) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }
  std::string quoted() {
    skip();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail(fmt::format("the header has no text at character {}", at_));
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("a text of the header does not end");
    const std::string_view inner = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return std::string(inner);
  }
  void read_key() {
    const std::string key = quoted();
    expect(':');
    if (key == "descr" && !descr) {
      skip();
      if (at_ < text_.size() && text_[at_] == '[')
        fail("it holds records of several fields, not numbers; save each field as an array of its own");
      descr = quoted();
    } else if (key == "fortran_order" && !fortran) {
      const std::string value = word();
      if (value != "True" && value != "False") fail(fmt::format("fortran_order is \"{}\", neither True nor False", shown(value)));
      fortran = value == "True";
    } else if (key == "shape" && !shape) {
      read_shape();
    } else {
      fail(fmt::format("the header has the key \"{}\" {}", shown(key),
                       key == "descr" || key == "fortran_order" || key == "shape" ? "twice" : "that NumPy does not write"));
    }
  }
  void read_shape() {
    shape.emplace();
    expect('(');
    while (!take(')')) {
      std::string digits = word();
      if (digits.ends_with('L')) digits.pop_back();  // Python 2 wrote long integers so
      const auto size = count_of(digits);
      if (!size) fail(fmt::format("the shape has \"{}\", not a size", shown(digits)));
      shape->push_back(*size);
      if (shape->size() > 64) fail("the shape has more than 64 sizes");
      if (!take(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string_view text_;
  std::string name_;
  size_t at_ = 0;
};

/// What an array protocol's type text says: "<f4".
struct ElementType {
  std::string dtype;
  size_t size = 0;
  bool big_endian = false;
};

std::optional<ElementType> element_type(std::string_view descr) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> types{{{"f2", "F16"},
                                                                                        {"f4", "F32"},
                                                                                        {"f8", "F64"},
                                                                                        {"i1", "I8"},
                                                                                        {"i2", "I16"},
                                                                                        {"i4", "I32"},
                                                                                        {"i8", "I64"},
                                                                                        {"u1", "U8"},
                                                                                        {"u2", "U16"},
                                                                                        {"u4", "U32"},
                                                                                        {"u8", "U64"},
                                                                                        {"b1", "BOOL"}}};
  if (descr.size() != 3 || std::string_view("<>|=").find(descr[0]) == std::string_view::npos) return std::nullopt;
  for (const auto& [numpy, dtype] : types)
    if (descr.substr(1) == numpy) return ElementType{std::string(dtype), static_cast<size_t>(descr[2] - '0'), descr[0] == '>'};
  return std::nullopt;
}

size_t number_at(std::span<const std::byte> bytes, size_t at, size_t count) {
  size_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<size_t>(bytes[at + i]);
  return value;
}

/// Elements in the order of the rows, little-endian.
std::vector<std::byte> reordered(std::span<const std::byte> from, const std::vector<int64_t>& shape, const ElementType& type,
                                 bool fortran) {
  std::vector<std::byte> to(from.size());
  const size_t elements = from.size() / type.size;
  std::vector<int64_t> place(shape.size(), 0);
  std::vector<size_t> stride(shape.size(), 1);
  for (size_t d = 1; d < shape.size(); ++d) stride[d] = stride[d - 1] * static_cast<size_t>(shape[d - 1]);
  size_t source = 0;
  for (size_t i = 0; i < elements; ++i) {
    const std::byte* element = from.data() + (fortran ? source : i) * type.size;
    std::byte* out = to.data() + i * type.size;
    if (type.big_endian)
      std::reverse_copy(element, element + type.size, out);
    else
      std::copy_n(element, type.size, out);
    for (size_t d = shape.size(); d-- > 0;) {  // the next place, last size first
      source += stride[d];
      if (++place[d] < shape[d]) break;
      source -= stride[d] * static_cast<size_t>(shape[d]);
      place[d] = 0;
    }
  }
  return to;
}

double half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == 31) return mantissa ? std::nan("") : sign * HUGE_VAL;
  return sign * std::ldexp(exponent ? 1024 + mantissa : mantissa, std::max(exponent, 1) - 25);
}

template <typename T>
void widen(std::span<const std::byte> bytes, std::vector<double>& out) {
  for (size_t at = 0; at < bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    out.push_back(static_cast<double>(value));
  }
}

}  // namespace

int64_t NpyArray::elements() const {
  if (bytes.empty()) return 0;  // the other sizes may be huge
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

std::vector<double> NpyArray::numbers() const {
  std::vector<double> out;
  out.reserve(static_cast<size_t>(elements()));
  if (dtype == "F32") widen<float>(bytes, out);
  if (dtype == "F64") widen<double>(bytes, out);
  if (dtype == "I64") widen<int64_t>(bytes, out);
  if (dtype == "I32") widen<int32_t>(bytes, out);
  if (dtype == "I16") widen<int16_t>(bytes, out);
  if (dtype == "I8") widen<int8_t>(bytes, out);
  if (dtype == "U64") widen<uint64_t>(bytes, out);
  if (dtype == "U32") widen<uint32_t>(bytes, out);
  if (dtype == "U16" || dtype == "F16") widen<uint16_t>(bytes, out);
  if (dtype == "U8" || dtype == "BOOL") widen<uint8_t>(bytes, out);
  if (dtype == "F16")
    std::transform(out.begin(), out.end(), out.begin(), [](double bits) { return half_value(static_cast<uint16_t>(bits)); });
  return out;
}

NpyArray read_npy(const std::filesystem::path& file) {
  const auto mapped = std::make_shared<const MappedFile>(file);
  NpyArray array = read_npy(mapped->bytes(), file.string());
  if (!array.owner) array.owner = mapped;
  return array;
}

NpyArray read_npy(std::span<const std::byte> bytes, const std::string& name) {
  const auto fail = [&](const std::string& reason) { throw Error(fmt::format("cannot read \"{}\": {}", name, reason)); };
  constexpr std::string_view magic = "\x93NUMPY";
  if (bytes.size() < 10 || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) fail("it is not a .npy file of NumPy");
  const int version = static_cast<int>(bytes[6]);
  if (version < 1 || version > 3 || bytes[7] != std::byte{0})
    fail(fmt::format("version {}.{} of the .npy format is not supported", version, static_cast<int>(bytes[7])));
  const size_t length_bytes = version == 1 ? 2 : 4, begin = 8 + length_bytes;
  if (bytes.size() < begin) fail("the file ends inside its header");
  const size_t length = number_at(bytes, 8, length_bytes);
  if (length > bytes.size() - begin) fail(fmt::format("the header should have {} bytes, and {} follow", length, bytes.size() - begin));
  const NpyHeader header(std::string_view(reinterpret_cast<const char*>(bytes.data()) + begin, length), name);
  const auto type = element_type(*header.descr);
  if (!type)
    fail(fmt::format("it holds elements of type \"{}\"{}", shown(*header.descr),
                     header.descr->ends_with('O') ? ", Python objects, not numbers; save it again with a type such as float32"
                                                  : "; the types of whole and real numbers and bool are supported"));
  NpyArray array;
  array.dtype = type->dtype;
  array.shape = *header.shape;
  int64_t needed = static_cast<int64_t>(type->size);
  bool overflow = false;
  for (const int64_t size : array.shape) overflow |= __builtin_mul_overflow(needed, std::max<int64_t>(size, 1), &needed);
  const bool empty = std::find(array.shape.begin(), array.shape.end(), 0) != array.shape.end();
  array.bytes = bytes.subspan(begin + length);
  if (overflow || static_cast<size_t>(empty ? 0 : needed) != array.bytes.size())
    fail(fmt::format("{} of [{}] and the file's {} bytes of data do not fit", *header.descr, fmt::join(array.shape, ", "),
                     array.bytes.size()));
  if ((*header.fortran && array.shape.size() > 1) || (type->big_endian && type->size > 1)) {
    auto owned = std::make_shared<const std::vector<std::byte>>(reordered(array.bytes, array.shape, *type, *header.fortran));
    array.bytes = *owned;
    array.owner = std::move(owned);
  }
  return array;
}

}  // namespace lafs::formats
