#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "formats/pickle_machine.h"

// Names, and what a few known constructors make; nothing is called.
namespace lafs::formats {

namespace {

/// The bits of a number of up to 8 bytes, in either byte order.
uint64_t bits_of(std::string_view raw, bool big_endian) {
  uint64_t value = 0;
  for (size_t i = 0; i < raw.size(); ++i) value = value << 8 | static_cast<uint8_t>(raw[big_endian ? i : raw.size() - 1 - i]);
  return value;
}

double half_of(uint64_t bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const double fraction = static_cast<double>(bits & 1023);
  const double size = exponent == 0    ? std::ldexp(fraction, -24)
                      : exponent == 31 ? (fraction == 0 ? HUGE_VAL : NAN)
                                       : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 & 1 ? -size : size;
}

double real_of(uint64_t bits, size_t size) {
  if (size == 8) return std::bit_cast<double>(bits);
  return size == 4 ? static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits))) : half_of(bits);
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// "numpy.core.X" and "numpy._core.X" alike.
bool is_numpy(std::string_view name, std::string_view rest) {
  for (const std::string_view room : {"numpy.core.", "numpy._core."}) {
    if (name.starts_with(room) && name.substr(room.size()) == rest) return true;
  }
  return false;
}

}  // namespace

size_t numpy_item_size(std::string_view type) {
  if (type.size() != 2 || type[1] < '1' || type[1] > '8') return 0;
  const auto size = static_cast<size_t>(type[1] - '0');
  if (!std::has_single_bit(size)) return 0;
  if (type[0] == 'b') return size == 1 ? 1 : 0;
  if (type[0] == 'f') return size >= 2 ? size : 0;
  return type[0] == 'i' || type[0] == 'u' ? size : 0;
}

void PickleMachine::global(std::string_view module, std::string_view name) {
  push(make_text(Kind::global, own(fmt::format("{}.{}", module, name))));
}

void PickleMachine::persistent() {
  const PickleValue& id = pop();
  PickleValue& made = make(Kind::persistent);
  extend(made, {&id});
  push(made);
}

bool PickleMachine::construct(Opcode opcode) {
  switch (opcode) {
    case Opcode::GLOBAL: {
      const std::string_view module = line();
      global(module, line());
      return true;
    }
    case Opcode::STACK_GLOBAL: {
      const PickleValue& name = pop();
      const PickleValue& module = pop();
      if (!name.is_text() || !module.is_text()) fail("a global has no name");
      global(module.text, name.text);
      return true;
    }
    case Opcode::NEWOBJ_EX:
      pop();  // keyword arguments: no known constructor takes any
      [[fallthrough]];
    case Opcode::REDUCE:
    case Opcode::NEWOBJ: {
      const PickleValue& arguments = pop();
      const PickleValue& callee = pop();
      call(callee, arguments, opcode != Opcode::REDUCE);
      return true;
    }
    case Opcode::BUILD: {
      const PickleValue& state = pop();
      build(top(), state);
      return true;
    }
    case Opcode::BINPERSID:
      persistent();
      return true;
    default:
      return false;
  }
}

void PickleMachine::call(const PickleValue& callee, const PickleValue& arguments, bool fresh) {
  if (!arguments.is(Kind::tuple)) fail("the arguments of a constructor are not a tuple");
  const PickleValue* actual = &callee;
  // Old classes are named as an argument: copy_reg._reconstructor(class, object, None).
  if (!fresh && callee.is(Kind::global) && one_of(callee.text, {"copy_reg._reconstructor", "copyreg._reconstructor"}) &&
      !arguments.items.empty())
    actual = arguments.items[0];
  if (actual->is(Kind::global)) {
    if (const PickleValue* value = known(actual->text, arguments.items)) {
      push(*value);
      return;
    }
  }
  PickleValue& object = make(Kind::object);
  extend(object, {actual, &arguments});
  push(object);
}

const PickleValue* PickleMachine::known(std::string_view name, const Values& arguments) {
  if (one_of(name, {"collections.OrderedDict", "collections.defaultdict", "__builtin__.dict", "builtins.dict"})) {
    return from_pairs(name == "collections.defaultdict" ? Values(arguments.begin() + !arguments.empty(), arguments.end()) : arguments);
  }
  if (one_of(name, {"__builtin__.set", "builtins.set", "__builtin__.frozenset", "builtins.frozenset"})) {
    PickleValue& list = make(Kind::list);
    if (!arguments.empty() && arguments[0]->is_sequence()) extend(list, arguments[0]->items);
    return &list;
  }
  if (name == "_codecs.encode" || one_of(name, {"__builtin__.bytearray", "builtins.bytearray", "__builtin__.bytes", "builtins.bytes"}))
    return encoded(arguments);
  return from_numpy(name, arguments);
}

const PickleValue* PickleMachine::from_numpy(std::string_view name, const Values& arguments) {
  if (is_numpy(name, "multiarray._reconstruct")) {
    PickleValue& made = make(Kind::array);
    made.array = std::make_unique<PickleArray>();
    return &made;
  }
  if (name == "numpy.dtype" && !arguments.empty() && arguments[0]->is_text()) return numpy_type(arguments[0]->text);
  if (is_numpy(name, "multiarray.scalar")) return scalar(arguments);
  if (is_numpy(name, "numeric._frombuffer")) return from_buffer(arguments);
  return nullptr;
}

const PickleValue* PickleMachine::numpy_type(std::string_view name) {
  PickleValue& made = make(Kind::dtype);
  made.array = std::make_unique<PickleArray>();
  if (name.starts_with('<') || name.starts_with('|') || name.starts_with('>')) {
    made.array->big_endian = name[0] == '>';
    name.remove_prefix(1);
  }
  made.array->type = name.substr(0, 16);  // numbers have short names
  return &made;
}

const PickleValue* PickleMachine::from_pairs(const Values& arguments) {
  PickleValue& dict = make(Kind::dict);
  if (arguments.empty() || !arguments[0]->is_sequence()) return &dict;
  for (const PickleValue* pair : arguments[0]->items) {
    if (!pair->is_sequence() || pair->items.size() != 2) fail("a dict is made from items that are not pairs");
    extend(dict, pair->items);
  }
  return &dict;
}

const PickleValue* PickleMachine::encoded(const Values& arguments) {
  if (arguments.empty()) return &make(Kind::bytes);
  if (arguments[0]->is(Kind::bytes)) return arguments[0];
  if (!arguments[0]->is(Kind::text)) fail("bytes are made from a value that is not text");
  if (arguments.size() > 1 && !(arguments[1]->is_text() && one_of(arguments[1]->text, {"latin1", "latin-1"})))
    fail("bytes have an encoding other than latin1");
  return &make_text(Kind::bytes, latin1(*arguments[0]));
}

std::string_view PickleMachine::latin1(const PickleValue& text) {
  std::string out;
  for (size_t i = 0; i < text.text.size(); ++i) {
    const auto c = static_cast<uint8_t>(text.text[i]);
    if (c < 0x80) {
      out += static_cast<char>(c);
      continue;
    }
    const auto next = i + 1 < text.text.size() ? static_cast<uint8_t>(text.text[i + 1]) : uint8_t{0};
    if ((c != 0xc2 && c != 0xc3) || (next & 0xc0) != 0x80) fail("a text has characters that latin1 lacks");
    out += static_cast<char>((c & 3) << 6 | (next & 63));
    ++i;
  }
  return own(std::move(out));
}

std::string_view PickleMachine::raw_of(const PickleValue& value) {
  if (value.is(Kind::bytes)) return value.text;
  if (!value.is(Kind::text)) fail("an array has no bytes");
  return latin1(value);
}

const PickleValue* PickleMachine::scalar(const Values& arguments) {
  if (arguments.size() != 2 || !arguments[0]->is(Kind::dtype)) fail("a scalar of numpy has no type and value");
  const PickleArray& type = *arguments[0]->array;
  const size_t size = numpy_item_size(type.type);
  if (size == 0) return nullptr;
  const std::string_view raw = raw_of(*arguments[1]);
  if (raw.size() != size) fail(fmt::format("a scalar of type {} has {} bytes", type.type, raw.size()));
  const uint64_t bits = bits_of(raw, type.big_endian);
  if (type.type[0] == 'f') {
    PickleValue& value = make(Kind::real);
    value.real = real_of(bits, size);
    return &value;
  }
  const int unused = static_cast<int>(64 - 8 * size);
  const auto extended = type.type[0] == 'i' ? static_cast<int64_t>(bits << unused) >> unused : static_cast<int64_t>(bits);
  return &make_integer(type.type[0] == 'b' ? Kind::boolean : Kind::integer, extended);
}

void PickleMachine::set_shape(PickleArray& array, const PickleValue& shape, const PickleValue& dtype, const PickleValue& raw) {
  if (!shape.is(Kind::tuple) || shape.items.size() > 64 || !dtype.is(Kind::dtype)) fail("an array has no shape and type");
  const bool readable = numpy_item_size(dtype.array->type) != 0;
  uint64_t bytes = readable ? numpy_item_size(dtype.array->type) : 1;
  array.shape.clear();
  for (const PickleValue* size : shape.items) {
    if (!size->is(Kind::integer) || size->integer < 0) fail("an array has a size that is not a whole number from 0");
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(size->integer), &bytes)) fail("an array is too large");
    array.shape.push_back(size->integer);
  }
  array.type = dtype.array->type;
  array.big_endian = dtype.array->big_endian;
  if (!readable) return;  // texts, dates and the like may lie beside weights
  array.data = raw_of(raw);
  if (array.data.size() != bytes) fail(fmt::format("an array of {} bytes has {}", bytes, array.data.size()));
}

const PickleValue* PickleMachine::from_buffer(const Values& arguments) {
  if (arguments.size() != 4) fail("an array has no shape and type");
  PickleValue& made = make(Kind::array);
  made.array = std::make_unique<PickleArray>();
  set_shape(*made.array, *arguments[2], *arguments[1], *arguments[0]);
  made.array->fortran = arguments[3]->is_text() && arguments[3]->text == "F";
  return &made;
}

void PickleMachine::fill_array(PickleValue& target, const Values& state) {
  if (state.size() != 5) fail("an array has no shape and type");
  set_shape(*target.array, *state[1], *state[2], *state[4]);
  target.array->fortran = state[3]->integer != 0;
}

void PickleMachine::build(PickleValue& target, const PickleValue& state) {
  if (target.is(Kind::array) && state.is(Kind::tuple)) {
    fill_array(target, state.items);
  } else if (target.is(Kind::dtype) && state.is(Kind::tuple) && state.items.size() >= 2 && state.items[1]->is_text()) {
    target.array->big_endian = state.items[1]->text == ">";
  } else if (target.is(Kind::object)) {
    if (state.depth >= Pickle::deepest) fail(fmt::format("values are nested deeper than {}", Pickle::deepest));
    target.depth = std::max<uint8_t>(target.depth, state.depth + 1);
    target.state = &state;
  } else if (!target.is(Kind::dict) && !target.is(Kind::list)) {  // of a dict: attributes such as the versions of modules
    fail("a state is given to a value that cannot have one");
  }
}

}  // namespace lafs::formats
