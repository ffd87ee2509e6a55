#include <fmt/format.h>

#include "formats/pickle_machine.h"

// Opcodes that make and fill tuples, lists and dicts, and those of the memo.
namespace lafs::formats {

void PickleMachine::tuple(size_t size) {
  Values items(size);
  for (size_t i = size; i-- > 0;) items[i] = &pop();
  PickleValue& made = make(Kind::tuple);
  extend(made, items);
  push(made);
}

void PickleMachine::from_mark(Kind kind) {
  const Values items = pop_to_mark();
  if (kind == Kind::dict && items.size() % 2) fail("a key has no value");
  PickleValue& made = make(kind);
  extend(made, items);
  push(made);
}

bool PickleMachine::collection(Opcode opcode) {
  switch (opcode) {
    case Opcode::EMPTY_LIST:
    case Opcode::EMPTY_SET:
      push(make(Kind::list));
      return true;
    case Opcode::LIST:
    case Opcode::FROZENSET:
      from_mark(Kind::list);
      return true;
    case Opcode::EMPTY_TUPLE:
      push(make(Kind::tuple));
      return true;
    case Opcode::TUPLE:
      from_mark(Kind::tuple);
      return true;
    case Opcode::TUPLE1:
      tuple(1);
      return true;
    case Opcode::TUPLE2:
      tuple(2);
      return true;
    case Opcode::TUPLE3:
      tuple(3);
      return true;
    case Opcode::EMPTY_DICT:
      push(make(Kind::dict));
      return true;
    case Opcode::DICT:
      from_mark(Kind::dict);
      return true;
    default:
      return false;
  }
}

void PickleMachine::add_to_top(const Values& items, Kind kind) {
  PickleValue& owner = top();
  if (kind == Kind::dict && items.size() % 2) fail("a key has no value");
  if (!owner.is(Kind::object) && !owner.is(kind)) fail("values are added to one that cannot hold them");
  extend(owner, items);
}

bool PickleMachine::addition(Opcode opcode) {
  switch (opcode) {
    case Opcode::APPEND: {
      const PickleValue& item = pop();
      add_to_top({&item}, Kind::list);
      return true;
    }
    case Opcode::APPENDS:
    case Opcode::ADDITEMS:
      add_to_top(pop_to_mark(), Kind::list);
      return true;
    case Opcode::SETITEM: {
      const PickleValue& value = pop();
      const PickleValue& key = pop();
      add_to_top({&key, &value}, Kind::dict);
      return true;
    }
    case Opcode::SETITEMS:
      add_to_top(pop_to_mark(), Kind::dict);
      return true;
    default:
      return false;
  }
}

uint64_t PickleMachine::slot(std::string_view text) {
  const int64_t value = whole(text);
  if (value < 0) fail("a memo slot is negative");
  return static_cast<uint64_t>(value);
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

bool PickleMachine::memo(Opcode opcode) {
  switch (opcode) {
    case Opcode::PUT:
      remember(slot(line()));
      return true;
    case Opcode::BINPUT:
      remember(number(1));
      return true;
    case Opcode::LONG_BINPUT:
      remember(number(4));
      return true;
    case Opcode::MEMOIZE:
      remember(memo_.size());
      return true;
    case Opcode::GET:
      recall(slot(line()));
      return true;
    case Opcode::BINGET:
      recall(number(1));
      return true;
    case Opcode::LONG_BINGET:
      recall(number(4));
      return true;
    default:
      return false;
  }
}

}  // namespace lafs::formats
