#include <fmt/format.h>

#include <bit>
#include <charconv>

#include "formats/pickle_machine.h"

// Opcodes that push one constant, number or text.
namespace lafs::formats {

int64_t PickleMachine::whole(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) fail("a number is malformed");
  return value;
}

uint64_t PickleMachine::length(std::string_view of) {
  const auto size = static_cast<int32_t>(number(4));
  if (size < 0) fail(fmt::format("{} has a negative length", of));
  return static_cast<uint64_t>(size);
}

void PickleMachine::push_integer(int64_t value) { push(make_integer(Kind::integer, value)); }

void PickleMachine::push_real(double value) {
  PickleValue& made = make(Kind::real);
  made.real = value;
  push(made);
}

void PickleMachine::text_integer(std::string_view text) {
  if (text == "00" || text == "01") {
    push(make_integer(Kind::boolean, text == "01"));
    return;
  }
  if (text.ends_with('L')) text.remove_suffix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    push(make_text(Kind::big_integer, text));
  } else {
    push_integer(whole(text));
  }
}

void PickleMachine::long_integer(uint64_t size) {
  const std::string_view bytes = take(size);
  if (size > 8) {
    push(make_text(Kind::big_integer, bytes));
    return;
  }
  // Two's complement: the sign fills the bytes that are not there.
  uint64_t value = size && bytes.back() < 0 ? ~uint64_t{0} : 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  push_integer(static_cast<int64_t>(value));
}

void PickleMachine::text_real(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) fail("a number is malformed");
  push_real(value);
}

bool PickleMachine::constant(Opcode opcode) {
  switch (opcode) {
    case Opcode::NONE:
      push(make(Kind::none));
      return true;
    case Opcode::NEWTRUE:
      push(make_integer(Kind::boolean, 1));
      return true;
    case Opcode::NEWFALSE:
      push(make_integer(Kind::boolean, 0));
      return true;
    default:
      return false;
  }
}

bool PickleMachine::number_value(Opcode opcode) {
  switch (opcode) {
    case Opcode::INT:
    case Opcode::LONG:
      text_integer(line());
      return true;
    case Opcode::BININT:
      push_integer(static_cast<int32_t>(number(4)));
      return true;
    case Opcode::BININT1:
      push_integer(static_cast<int64_t>(number(1)));
      return true;
    case Opcode::BININT2:
      push_integer(static_cast<int64_t>(number(2)));
      return true;
    case Opcode::LONG1:
      long_integer(number(1));
      return true;
    case Opcode::LONG4:
      long_integer(length("a number"));
      return true;
    case Opcode::FLOAT:
      text_real(line());
      return true;
    case Opcode::BINFLOAT:
      push_real(std::bit_cast<double>(__builtin_bswap64(number(8))));
      return true;
    default:
      return false;
  }
}

namespace {

void append_utf8(uint32_t code, std::string& out) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  const auto rest = [&](int shift) { put(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | (code >> 6));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    rest(6);
  } else {
    put(0xf0 | (code >> 18));
    rest(12);
    rest(6);
  }
  rest(0);
}

}  // namespace

std::string_view PickleMachine::quoted(std::string_view text) {
  if (text.size() < 2 || (text.front() != '\'' && text.front() != '"') || text.back() != text.front()) fail("a text has no quotes");
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char escape = text[++i];
    const size_t known = std::string_view("nrt\\'\"").find(escape);
    unsigned code = 0;
    if (known != std::string_view::npos) {
      out += "\n\r\t\\'\""[known];
    } else if (escape == 'x' && i + 2 < text.size() &&
               std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(code);
      i += 2;
    } else {
      fail(fmt::format("a text has the unknown escape \"\\{}\"", escape));
    }
  }
  return own(std::move(out));
}

/// Python's raw-unicode-escape, in which protocol 0 writes texts: a byte is the character of its number, others are "\u20ac" or
/// "\U0001f600".
std::string_view PickleMachine::raw_unicode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t code = static_cast<uint8_t>(text[i]);
    const size_t digits = !text.substr(i).starts_with('\\') || i + 1 == text.size() ? 0
                          : text[i + 1] == 'u'                                      ? 4
                          : text[i + 1] == 'U'                                      ? 8
                                                                                    : 0;
    if (digits > 0) {
      const std::string_view number = text.substr(i + 2, digits);
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), code, 16);
      if (number.size() != digits || error != std::errc() || end != number.data() + digits || code > 0x10ffff)
        fail("a text has a number that is not a character");
      i += 1 + digits;
    }
    append_utf8(code, out);
  }
  return own(std::move(out));
}

bool PickleMachine::text_value(Opcode opcode) {
  const auto counted = [&](Kind kind, uint64_t size) { push(make_text(kind, take(size))); };
  switch (opcode) {
    case Opcode::STRING:
      push(make_text(Kind::bytes, quoted(line())));
      return true;
    case Opcode::BINSTRING:
      counted(Kind::bytes, length("a text"));
      return true;
    case Opcode::SHORT_BINSTRING:
    case Opcode::SHORT_BINBYTES:
      counted(Kind::bytes, number(1));
      return true;
    case Opcode::BINBYTES:
      counted(Kind::bytes, number(4));
      return true;
    case Opcode::BINBYTES8:
    case Opcode::BYTEARRAY8:
      counted(Kind::bytes, number(8));
      return true;
    case Opcode::UNICODE:
      push(make_text(Kind::text, raw_unicode(line())));
      return true;
    case Opcode::SHORT_BINUNICODE:
      counted(Kind::text, number(1));
      return true;
    case Opcode::BINUNICODE:
      counted(Kind::text, number(4));
      return true;
    case Opcode::BINUNICODE8:
      counted(Kind::text, number(8));
      return true;
    default:
      return false;
  }
}

}  // namespace lafs::formats
