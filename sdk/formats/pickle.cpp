#include "formats/pickle.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/little_endian.h"
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
    const auto opcode = static_cast<Opcode>(take(1)[0]);
    if (opcode == Opcode::STOP) break;
    if (!step(opcode)) fail(fmt::format("unsupported opcode 0x{:02x}", static_cast<uint8_t>(opcode)));
  }
  if (stack_.size() != 1 || !marks_.empty()) fail(fmt::format("{} values on the stack at its end, not 1", stack_.size()));
  pickle_.root_ = stack_[0];
  pickle_.size_ = at_;
}

bool PickleMachine::step(Opcode opcode) {
  return control(opcode) || constant(opcode) || number_value(opcode) || text_value(opcode) || collection(opcode) || addition(opcode) ||
         memo(opcode) || construct(opcode);
}

bool PickleMachine::control(Opcode opcode) {
  switch (opcode) {
    case Opcode::PROTO:
      if (const uint64_t protocol = number(1); protocol < 2 || protocol > 5) fail(fmt::format("protocol {} is not supported", protocol));
      return true;
    case Opcode::FRAME:
      number(8);  // the length of a frame helps readers of streams; here all bytes are at hand
      return true;
    case Opcode::MARK:
      marks_.push_back(stack_.size());
      return true;
    case Opcode::POP:
      // Python's POP takes the mark away if nothing was pushed after it.
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
      } else {
        pop();
      }
      return true;
    case Opcode::POP_MARK:
      pop_to_mark();
      return true;
    case Opcode::DUP:
      push(top());
      return true;
    default:
      return false;
  }
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

uint64_t PickleMachine::number(size_t bytes) { return from_little_endian(take(bytes).data(), bytes); }

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

}  // namespace lafs::formats
