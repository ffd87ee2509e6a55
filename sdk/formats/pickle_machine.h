#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/pickle.h"
#include "formats/pickle_opcodes.h"

namespace lafs::formats {

/// The stack machine behind `Pickle`; authors of plugins use `Pickle`. Every opcode belongs to one of the functions that `step` tries, each
/// of which returns false for an opcode of another. pickle.cpp has the stack, pickle_values.cpp numbers and texts, pickle_containers.cpp
/// tuples, lists, dicts and the memo, pickle_construct.cpp names and what their calls would make.
class PickleMachine {
 public:
  explicit PickleMachine(Pickle& pickle) : pickle_(pickle) {}
  void run();

 private:
  using Kind = PickleValue::Kind;
  using Values = std::vector<const PickleValue*>;

  [[noreturn]] void fail(const std::string& reason) const;
  void count(size_t more);

  std::string_view take(uint64_t size);
  std::string_view line();
  uint64_t number(size_t bytes);         ///< unsigned, little-endian
  uint64_t length(std::string_view of);  ///< in 4 bytes; negative ones fail with `of` in the text
  int64_t whole(std::string_view text);  ///< a decimal number
  uint64_t slot(std::string_view text);  ///< of the memo

  PickleValue& make(Kind kind);
  PickleValue& make_text(Kind kind, std::string_view text);
  PickleValue& make_integer(Kind kind, int64_t value);
  std::string_view own(std::string text);
  std::string_view raw_unicode(std::string_view text);

  void push(const PickleValue& value);
  PickleValue& pop();
  PickleValue& top();
  Values pop_to_mark();
  void extend(PickleValue& owner, const Values& items);
  void remember(uint64_t slot);
  void recall(uint64_t slot);

  bool step(Opcode opcode);
  bool control(Opcode opcode);
  bool constant(Opcode opcode);
  bool number_value(Opcode opcode);
  bool text_value(Opcode opcode);
  bool collection(Opcode opcode);
  bool addition(Opcode opcode);
  bool memo(Opcode opcode);
  bool construct(Opcode opcode);

  void push_integer(int64_t value);
  void push_real(double value);
  void text_integer(std::string_view text);
  void long_integer(uint64_t size);
  void text_real(std::string_view text);
  std::string_view quoted(std::string_view text);
  void tuple(size_t size);
  void from_mark(Kind kind);
  void add_to_top(const Values& items, Kind kind);
  void persistent();
  void global(std::string_view module, std::string_view name);
  void call(const PickleValue& callee, const PickleValue& arguments, bool fresh);
  const PickleValue* known(std::string_view name, const Values& arguments);
  const PickleValue* from_numpy(std::string_view name, const Values& arguments);
  const PickleValue* numpy_type(std::string_view name);
  const PickleValue* from_pairs(const Values& arguments);
  const PickleValue* encoded(const Values& arguments);
  const PickleValue* scalar(const Values& arguments);
  const PickleValue* from_buffer(const Values& arguments);
  std::string_view latin1(const PickleValue& text);
  std::string_view raw_of(const PickleValue& value);
  void build(PickleValue& target, const PickleValue& state);
  void fill_array(PickleValue& target, const Values& state);
  void set_shape(PickleArray& array, const PickleValue& shape, const PickleValue& dtype, const PickleValue& raw);

  Pickle& pickle_;
  size_t at_ = 0, opcode_at_ = 0, counted_ = 0, owned_ = 0;
  Values stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, const PickleValue*> memo_;
};

}  // namespace lafs::formats
