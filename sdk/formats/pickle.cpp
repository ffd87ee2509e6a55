#include "formats/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdlib>

#include "formats/pickle_machine.h"
#include "lafs/error.h"

namespace lafs::formats {

const PickleValue* PickleValue::find(std::string_view key) const {
  if (kind != Kind::dict) return nullptr;
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i]->is_text() && items[i]->text == key) return items[i + 1];
  }
  return nullptr;
}

std::string_view PickleValue::constructor() const {
  return kind == Kind::object && items[0]->is(Kind::global) ? items[0]->text : std::string_view();
}

Pickle::Pickle(std::span<const std::byte> bytes, std::string name) : bytes_(bytes), name_(std::move(name)) { PickleMachine(*this).run(); }

void Pickle::expect_end() const {
  const auto rest = bytes_.subspan(size_);
  const auto found = std::find_if(rest.begin(), rest.end(), [](std::byte b) { return b != std::byte(); });
  if (found != rest.end())
    throw Error(fmt::format("cannot read \"{}\": data after the end at byte {} of the pickle", name_, size_ + (found - rest.begin())));
}

void PickleMachine::fail(const std::string& reason) const {
  throw Error(fmt::format("cannot read \"{}\": {} at byte {} of the pickle", pickle_.name_, reason, opcode_at_));
}

void PickleMachine::count(size_t more) {
  counted_ += more;
  if (counted_ > Pickle::most) fail(fmt::format("more than {} values", Pickle::most));
}

void PickleMachine::run() {
  while (true) {
    opcode_at_ = at_;
    const uint8_t opcode = static_cast<uint8_t>(take(1)[0]);
    if (opcode == '.') break;
    if (!step(opcode)) fail(fmt::format("unsupported opcode 0x{:02x}", opcode));
  }
  if (stack_.size() != 1 || !marks_.empty()) fail(fmt::format("{} values on the stack at its end, not 1", stack_.size()));
  pickle_.root_ = stack_[0];
  pickle_.size_ = at_;
}

bool PickleMachine::step(uint8_t opcode) {
  return plain_value(opcode) || text_value(opcode) || container(opcode) || memo(opcode) || construct(opcode);
}

std::string_view PickleMachine::take(uint64_t size) {
  if (size > pickle_.bytes_.size() - at_) fail("the file ends too early");
  const std::string_view taken(reinterpret_cast<const char*>(pickle_.bytes_.data()) + at_, size);
  at_ += size;
  return taken;
}

std::string_view PickleMachine::line() {
  const std::string_view rest(reinterpret_cast<const char*>(pickle_.bytes_.data()) + at_, pickle_.bytes_.size() - at_);
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos) fail("the file ends too early");
  at_ += end + 1;
  return rest.substr(0, end);
}

uint64_t PickleMachine::number(int bytes) {
  const std::string_view text = take(static_cast<uint64_t>(bytes));
  uint64_t value = 0;
  for (int i = bytes - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(text[static_cast<size_t>(i)]);
  return value;
}

int64_t PickleMachine::whole(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) fail("a number is not one");
  return value;
}

uint64_t PickleMachine::slot(std::string_view text) {
  const int64_t value = whole(text);
  if (value < 0) fail("a memo slot is negative");
  return static_cast<uint64_t>(value);
}

PickleValue& PickleMachine::make(Kind kind) {
  count(1);
  PickleValue& value = pickle_.values_.emplace_back();
  value.kind = kind;
  return value;
}

PickleValue& PickleMachine::make_text(Kind kind, std::string_view text) {
  PickleValue& value = make(kind);
  value.text = text;
  return value;
}

PickleValue& PickleMachine::make_integer(Kind kind, int64_t number) {
  PickleValue& value = make(kind);
  value.integer = number;
  return value;
}

std::string_view PickleMachine::own(std::string text) {
  // Each byte of a file makes one byte at most; a memo could be decoded again and again.
  owned_ += text.size();
  if (owned_ > 2 * pickle_.bytes_.size()) fail("texts larger than the file");
  return pickle_.texts_.emplace_back(std::move(text));
}

void PickleMachine::push(const PickleValue& value) {
  if (stack_.size() >= Pickle::most) fail(fmt::format("more than {} values", Pickle::most));
  stack_.push_back(&value);
}

PickleValue& PickleMachine::top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("the stack is empty");
  // Every value is the machine's own; only readers see them const.
  return const_cast<PickleValue&>(*stack_.back());
}

PickleValue& PickleMachine::pop() {
  PickleValue& value = top();
  stack_.pop_back();
  return value;
}

PickleMachine::Values PickleMachine::pop_to_mark() {
  if (marks_.empty()) fail("a mark is missing");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  Values values(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return values;
}

void PickleMachine::extend(PickleValue& owner, const Values& items) {
  count(items.size());
  for (const PickleValue* item : items) {
    if (item->depth >= Pickle::deepest) fail(fmt::format("values are nested deeper than {}", Pickle::deepest));
    owner.depth = std::max<uint8_t>(owner.depth, item->depth + 1);
  }
  owner.items.insert(owner.items.end(), items.begin(), items.end());
}

void PickleMachine::remember(uint64_t slot) {
  memo_[slot] = &top();
  if (memo_.size() > Pickle::most) fail(fmt::format("more than {} memo entries", Pickle::most));
}

void PickleMachine::recall(uint64_t slot) {
  const auto found = memo_.find(slot);
  if (found == memo_.end()) fail(fmt::format("memo slot {} is empty", slot));
  push(*found->second);
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
    push(make_integer(Kind::integer, whole(text)));
  }
}

void PickleMachine::long_integer(uint64_t size) {
  const std::string_view bytes = take(size);
  if (size > 8) {
    push(make_text(Kind::big_integer, bytes));
    return;
  }
  uint64_t value = size && bytes.back() < 0 ? ~uint64_t{0} : 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  push(make_integer(Kind::integer, static_cast<int64_t>(value)));
}

void PickleMachine::real(std::string_view text) {
  PickleValue& value = make(Kind::real);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value.real);
  if (error != std::errc() || end != text.data() + text.size()) fail("a number is not one");
  push(value);
}

bool PickleMachine::plain_value(uint8_t opcode) {
  switch (opcode) {
    case 0x80: {
      const uint64_t protocol = number(1);
      if (protocol < 2 || protocol > 5) fail(fmt::format("protocol {} is not supported", protocol));
      return true;
    }
    case 0x95:
      number(8);
      return true;
    case '0':
      // POP takes a mark away where nothing stands above it.
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
      } else {
        pop();
      }
      return true;
    case '1':
      pop_to_mark();
      return true;
    case '2':
      push(top());
      return true;
    case 'N':
      push(make(Kind::none));
      return true;
    case 0x88:
      push(make_integer(Kind::boolean, 1));
      return true;
    case 0x89:
      push(make_integer(Kind::boolean, 0));
      return true;
    case 'I':
    case 'L':
      text_integer(line());
      return true;
    case 'J':
      push(make_integer(Kind::integer, static_cast<int32_t>(number(4))));
      return true;
    case 'K':
      push(make_integer(Kind::integer, static_cast<int64_t>(number(1))));
      return true;
    case 'M':
      push(make_integer(Kind::integer, static_cast<int64_t>(number(2))));
      return true;
    case 0x8a:
      long_integer(number(1));
      return true;
    case 0x8b: {
      const auto size = static_cast<int32_t>(number(4));
      if (size < 0) fail("a number has a negative length");
      long_integer(static_cast<uint64_t>(size));
      return true;
    }
    case 'F':
      real(line());
      return true;
    case 'G': {
      PickleValue& value = make(Kind::real);
      value.real = std::bit_cast<double>(__builtin_bswap64(number(8)));
      push(value);
      return true;
    }
    default:
      return false;
  }
}

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

bool PickleMachine::text_value(uint8_t opcode) {
  const auto counted = [&](Kind kind, uint64_t size) { push(make_text(kind, take(size))); };
  switch (opcode) {
    case 'S':
      push(make_text(Kind::bytes, quoted(line())));
      return true;
    case 'T': {
      const auto size = static_cast<int32_t>(number(4));
      if (size < 0) fail("a text has a negative length");
      counted(Kind::bytes, static_cast<uint64_t>(size));
      return true;
    }
    case 'U':
    case 'C':
      counted(Kind::bytes, number(1));
      return true;
    case 'B':
      counted(Kind::bytes, number(4));
      return true;
    case 0x8e:
    case 0x96:
      counted(Kind::bytes, number(8));
      return true;
    case 'V':
      push(make_text(Kind::text, line()));
      return true;
    case 'X':
      counted(Kind::text, number(4));
      return true;
    case 0x8c:
      counted(Kind::text, number(1));
      return true;
    case 0x8d:
      counted(Kind::text, number(8));
      return true;
    default:
      return false;
  }
}

void PickleMachine::tuple(size_t size) {
  Values items(size);
  for (size_t i = size; i-- > 0;) items[i] = &pop();
  PickleValue& made = make(Kind::tuple);
  extend(made, items);
  push(made);
}

bool PickleMachine::container(uint8_t opcode) {
  const auto from_mark = [&](Kind kind) {
    const Values items = pop_to_mark();
    if (kind == Kind::dict && items.size() % 2) fail("a key has no value");
    PickleValue& made = make(kind);
    extend(made, items);
    push(made);
  };
  const auto add = [&](const Values& items, bool pairs) {
    PickleValue& owner = top();
    if (pairs && items.size() % 2) fail("a key has no value");
    if (!owner.is(Kind::object) && !owner.is(pairs ? Kind::dict : Kind::list)) fail("values are put into what cannot hold them");
    extend(owner, items);
  };
  switch (opcode) {
    case '(':
      marks_.push_back(stack_.size());
      return true;
    case ']':
    case 0x8f:
      push(make(Kind::list));
      return true;
    case 'l':
    case 0x91:
      from_mark(Kind::list);
      return true;
    case 't':
      from_mark(Kind::tuple);
      return true;
    case 'd':
      from_mark(Kind::dict);
      return true;
    case ')':
      push(make(Kind::tuple));
      return true;
    case 0x85:
    case 0x86:
    case 0x87:
      tuple(opcode - 0x84u);
      return true;
    case '}':
      push(make(Kind::dict));
      return true;
    case 'a': {
      const PickleValue& item = pop();
      add({&item}, false);
      return true;
    }
    case 'e':
    case 0x90:
      add(pop_to_mark(), false);
      return true;
    case 's': {
      const PickleValue& value = pop();
      const PickleValue& key = pop();
      add({&key, &value}, true);
      return true;
    }
    case 'u':
      add(pop_to_mark(), true);
      return true;
    default:
      return false;
  }
}

bool PickleMachine::memo(uint8_t opcode) {
  switch (opcode) {
    case 'p':
      remember(slot(line()));
      return true;
    case 'q':
      remember(number(1));
      return true;
    case 'r':
      remember(number(4));
      return true;
    case 0x94:
      remember(memo_.size());
      return true;
    case 'g':
      recall(slot(line()));
      return true;
    case 'h':
      recall(number(1));
      return true;
    case 'j':
      recall(number(4));
      return true;
    default:
      return false;
  }
}

}  // namespace lafs::formats
