#pragma once
/// The stack machine behind `Pickle`, and no part of the sdk's interface.
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/pickle.h"

namespace lafs::formats {

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
  uint64_t number(int bytes);
  int64_t whole(std::string_view text);
  uint64_t slot(std::string_view text);

  PickleValue& make(Kind kind);
  PickleValue& make_text(Kind kind, std::string_view text);
  PickleValue& make_integer(Kind kind, int64_t value);
  std::string_view own(std::string text);

  void push(const PickleValue& value);
  PickleValue& pop();
  PickleValue& top();
  Values pop_to_mark();
  void extend(PickleValue& owner, const Values& items);
  void remember(uint64_t slot);
  void recall(uint64_t slot);

  bool step(uint8_t opcode);
  bool plain_value(uint8_t opcode);
  bool text_value(uint8_t opcode);
  bool container(uint8_t opcode);
  bool memo(uint8_t opcode);
  bool construct(uint8_t opcode);

  void text_integer(std::string_view text);
  void long_integer(uint64_t size);
  void real(std::string_view text);
  std::string_view quoted(std::string_view text);
  void tuple(size_t size);
  void global(std::string_view module, std::string_view name);
  void call(const PickleValue& callee, const PickleValue& arguments, bool fresh);
  const PickleValue* known(std::string_view name, const Values& arguments);
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
