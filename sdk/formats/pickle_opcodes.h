#pragma once
#include <cstdint>

namespace lafs::formats {

/// The opcodes of Python pickles under the names that CPython's Lib/pickle.py gives them. Those left out are extension codes (EXT1, EXT2,
/// EXT4), buffers outside of the file (NEXT_BUFFER, READONLY_BUFFER), persistent ids as text (PERSID), and INST and OBJ of protocol 1,
/// which neither PyTorch nor NumPy writes.
enum class Opcode : uint8_t {
  // Protocols 0 and 1.
  MARK = '(',
  STOP = '.',
  POP = '0',
  POP_MARK = '1',
  DUP = '2',
  FLOAT = 'F',  ///< decimal text in a line
  INT = 'I',    ///< decimal text in a line; "00" and "01" are bools
  BININT = 'J',
  BININT1 = 'K',
  LONG = 'L',  ///< decimal text in a line
  BININT2 = 'M',
  NONE = 'N',
  BINPERSID = 'Q',
  REDUCE = 'R',
  STRING = 'S',  ///< quoted text in a line
  BINSTRING = 'T',
  SHORT_BINSTRING = 'U',
  UNICODE = 'V',  ///< text in a line
  BINUNICODE = 'X',
  APPEND = 'a',
  BUILD = 'b',
  GLOBAL = 'c',  ///< two lines: module and name
  DICT = 'd',
  APPENDS = 'e',
  GET = 'g',  ///< decimal text in a line
  BINGET = 'h',
  LONG_BINGET = 'j',
  LIST = 'l',
  PUT = 'p',  ///< decimal text in a line
  BINPUT = 'q',
  LONG_BINPUT = 'r',
  SETITEM = 's',
  TUPLE = 't',
  SETITEMS = 'u',
  BINFLOAT = 'G',  ///< big-endian, unlike every other number
  EMPTY_TUPLE = ')',
  EMPTY_LIST = ']',
  EMPTY_DICT = '}',

  // Protocol 2.
  PROTO = 0x80,
  NEWOBJ = 0x81,
  TUPLE1 = 0x85,
  TUPLE2 = 0x86,
  TUPLE3 = 0x87,
  NEWTRUE = 0x88,
  NEWFALSE = 0x89,
  LONG1 = 0x8a,
  LONG4 = 0x8b,

  // Protocol 3.
  BINBYTES = 'B',
  SHORT_BINBYTES = 'C',

  // Protocol 4.
  SHORT_BINUNICODE = 0x8c,
  BINUNICODE8 = 0x8d,
  BINBYTES8 = 0x8e,
  EMPTY_SET = 0x8f,
  ADDITEMS = 0x90,
  FROZENSET = 0x91,
  NEWOBJ_EX = 0x92,
  STACK_GLOBAL = 0x93,
  MEMOIZE = 0x94,
  FRAME = 0x95,

  // Protocol 5.
  BYTEARRAY8 = 0x96,
};

}  // namespace lafs::formats
