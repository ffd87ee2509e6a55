#include "formats/unicode_forms.h"

#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <type_traits>
#include <unordered_map>
#include <utility>

namespace lafs::formats {
namespace {

/// Canonical decompositions of Unicode 15: "MARK:" and then each letter with the base that it is of, with that mark; 0: a base alone.
/// All numbers are hexadecimal.
constexpr std::string_view decompositions =
    "0: 340 300 341 301 343 313 374 2b9 37e 3b 387 b7 1f71 3ac 1f73 3ad 1f75 3ae 1f77 3af 1f79 3cc 1f7b 3cd 1f7d 3ce 1fbb 386 "
    "1fbe 3b9 1fc9 388 1fcb 389 1fd3 390 1fdb 38a 1fe3 3b0 1feb 38e 1fee 385 1fef 60 1ff9 38c 1ffb 38f 1ffd b4 2000 2002 2001 2003 "
    "2126 3a9 212a 4b 212b c5 2329 3008 232a 3009 300: c0 41 c8 45 cc 49 d2 4f d9 55 e0 61 e8 65 ec 69 f2 6f f9 75 1db dc 1dc fc "
    "1f8 4e 1f9 6e 400 415 40d 418 450 435 45d 438 1e14 112 1e15 113 1e50 14c 1e51 14d 1e80 57 1e81 77 1ea6 c2 1ea7 e2 1eb0 102 "
    "1eb1 103 1ec0 ca 1ec1 ea 1ed2 d4 1ed3 f4 1edc 1a0 1edd 1a1 1eea 1af 1eeb 1b0 1ef2 59 1ef3 79 1f02 1f00 1f03 1f01 1f0a 1f08 "
    "1f0b 1f09 1f12 1f10 1f13 1f11 1f1a 1f18 1f1b 1f19 1f22 1f20 1f23 1f21 1f2a 1f28 1f2b 1f29 1f32 1f30 1f33 1f31 1f3a 1f38 "
    "1f3b 1f39 1f42 1f40 1f43 1f41 1f4a 1f48 1f4b 1f49 1f52 1f50 1f53 1f51 1f5b 1f59 1f62 1f60 1f63 1f61 1f6a 1f68 1f6b 1f69 "
    "1f70 3b1 1f72 3b5 1f74 3b7 1f76 3b9 1f78 3bf 1f7a 3c5 1f7c 3c9 1fba 391 1fc8 395 1fca 397 1fcd 1fbf 1fd2 3ca 1fda 399 1fdd 1ffe "
    "1fe2 3cb 1fea 3a5 1fed a8 1ff8 39f 1ffa 3a9 301: c1 41 c9 45 cd 49 d3 4f da 55 dd 59 e1 61 e9 65 ed 69 f3 6f fa 75 fd 79 106 43 "
    "107 63 139 4c 13a 6c 143 4e 144 6e 154 52 155 72 15a 53 15b 73 179 5a 17a 7a 1d7 dc 1d8 fc 1f4 47 1f5 67 1fa c5 1fb e5 1fc c6 "
    "1fd e6 1fe d8 1ff f8 344 308 385 a8 386 391 388 395 389 397 38a 399 38c 39f 38e 3a5 38f 3a9 390 3ca 3ac 3b1 3ad 3b5 3ae 3b7 "
    "3af 3b9 3b0 3cb 3cc 3bf 3cd 3c5 3ce 3c9 3d3 3d2 403 413 40c 41a 453 433 45c 43a 1e08 c7 1e09 e7 1e16 112 1e17 113 1e2e cf "
    "1e2f ef 1e30 4b 1e31 6b 1e3e 4d 1e3f 6d 1e4c d5 1e4d f5 1e52 14c 1e53 14d 1e54 50 1e55 70 1e78 168 1e79 169 1e82 57 1e83 77 "
    "1ea4 c2 1ea5 e2 1eae 102 1eaf 103 1ebe ca 1ebf ea 1ed0 d4 1ed1 f4 1eda 1a0 1edb 1a1 1ee8 1af 1ee9 1b0 1f04 1f00 1f05 1f01 "
    "1f0c 1f08 1f0d 1f09 1f14 1f10 1f15 1f11 1f1c 1f18 1f1d 1f19 1f24 1f20 1f25 1f21 1f2c 1f28 1f2d 1f29 1f34 1f30 1f35 1f31 "
    "1f3c 1f38 1f3d 1f39 1f44 1f40 1f45 1f41 1f4c 1f48 1f4d 1f49 1f54 1f50 1f55 1f51 1f5d 1f59 1f64 1f60 1f65 1f61 1f6c 1f68 "
    "1f6d 1f69 1fce 1fbf 1fde 1ffe 302: c2 41 ca 45 ce 49 d4 4f db 55 e2 61 ea 65 ee 69 f4 6f fb 75 108 43 109 63 11c 47 11d 67 "
    "124 48 125 68 134 4a 135 6a 15c 53 15d 73 174 57 175 77 176 59 177 79 1e90 5a 1e91 7a 1eac 1ea0 1ead 1ea1 1ec6 1eb8 1ec7 1eb9 "
    "1ed8 1ecc 1ed9 1ecd 303: c3 41 d1 4e d5 4f e3 61 f1 6e f5 6f 128 49 129 69 168 55 169 75 1e7c 56 1e7d 76 1eaa c2 1eab e2 "
    "1eb4 102 1eb5 103 1ebc 45 1ebd 65 1ec4 ca 1ec5 ea 1ed6 d4 1ed7 f4 1ee0 1a0 1ee1 1a1 1eee 1af 1eef 1b0 1ef8 59 1ef9 79 304: "
    "100 41 101 61 112 45 113 65 12a 49 12b 69 14c 4f 14d 6f 16a 55 16b 75 1d5 dc 1d6 fc 1de c4 1df e4 1e0 226 1e1 227 1e2 c6 1e3 e6 "
    "1ec 1ea 1ed 1eb 22a d6 22b f6 22c d5 22d f5 230 22e 231 22f 232 59 233 79 4e2 418 4e3 438 4ee 423 4ef 443 1e20 47 1e21 67 "
    "1e38 1e36 1e39 1e37 1e5c 1e5a 1e5d 1e5b 1fb1 3b1 1fb9 391 1fd1 3b9 1fd9 399 1fe1 3c5 1fe9 3a5 306: 102 41 103 61 114 45 115 65 "
    "11e 47 11f 67 12c 49 12d 69 14e 4f 14f 6f 16c 55 16d 75 40e 423 419 418 439 438 45e 443 4c1 416 4c2 436 4d0 410 4d1 430 4d6 415 "
    "4d7 435 1e1c 228 1e1d 229 1eb6 1ea0 1eb7 1ea1 1fb0 3b1 1fb8 391 1fd0 3b9 1fd8 399 1fe0 3c5 1fe8 3a5 307: 10a 43 10b 63 116 45 "
    "117 65 120 47 121 67 130 49 17b 5a 17c 7a 226 41 227 61 22e 4f 22f 6f 1e02 42 1e03 62 1e0a 44 1e0b 64 1e1e 46 1e1f 66 1e22 48 "
    "1e23 68 1e40 4d 1e41 6d 1e44 4e 1e45 6e 1e56 50 1e57 70 1e58 52 1e59 72 1e60 53 1e61 73 1e64 15a 1e65 15b 1e66 160 1e67 161 "
    "1e68 1e62 1e69 1e63 1e6a 54 1e6b 74 1e86 57 1e87 77 1e8a 58 1e8b 78 1e8e 59 1e8f 79 1e9b 17f 308: c4 41 cb 45 cf 49 d6 4f dc 55 "
    "e4 61 eb 65 ef 69 f6 6f fc 75 ff 79 178 59 3aa 399 3ab 3a5 3ca 3b9 3cb 3c5 3d4 3d2 401 415 407 406 451 435 457 456 4d2 410 "
    "4d3 430 4da 4d8 4db 4d9 4dc 416 4dd 436 4de 417 4df 437 4e4 418 4e5 438 4e6 41e 4e7 43e 4ea 4e8 4eb 4e9 4ec 42d 4ed 44d 4f0 423 "
    "4f1 443 4f4 427 4f5 447 4f8 42b 4f9 44b 1e26 48 1e27 68 1e4e d5 1e4f f5 1e7a 16a 1e7b 16b 1e84 57 1e85 77 1e8c 58 1e8d 78 "
    "1e97 74 309: 1ea2 41 1ea3 61 1ea8 c2 1ea9 e2 1eb2 102 1eb3 103 1eba 45 1ebb 65 1ec2 ca 1ec3 ea 1ec8 49 1ec9 69 1ece 4f 1ecf 6f "
    "1ed4 d4 1ed5 f4 1ede 1a0 1edf 1a1 1ee6 55 1ee7 75 1eec 1af 1eed 1b0 1ef6 59 1ef7 79 30a: c5 41 e5 61 16e 55 16f 75 1e98 77 "
    "1e99 79 30b: 150 4f 151 6f 170 55 171 75 4f2 423 4f3 443 30c: 10c 43 10d 63 10e 44 10f 64 11a 45 11b 65 13d 4c 13e 6c 147 4e "
    "148 6e 158 52 159 72 160 53 161 73 164 54 165 74 17d 5a 17e 7a 1cd 41 1ce 61 1cf 49 1d0 69 1d1 4f 1d2 6f 1d3 55 1d4 75 1d9 dc "
    "1da fc 1e6 47 1e7 67 1e8 4b 1e9 6b 1ee 1b7 1ef 292 1f0 6a 21e 48 21f 68 30f: 200 41 201 61 204 45 205 65 208 49 209 69 20c 4f "
    "20d 6f 210 52 211 72 214 55 215 75 476 474 477 475 311: 202 41 203 61 206 45 207 65 20a 49 20b 69 20e 4f 20f 6f 212 52 213 72 "
    "216 55 217 75 313: 1f00 3b1 1f08 391 1f10 3b5 1f18 395 1f20 3b7 1f28 397 1f30 3b9 1f38 399 1f40 3bf 1f48 39f 1f50 3c5 1f60 3c9 "
    "1f68 3a9 1fe4 3c1 314: 1f01 3b1 1f09 391 1f11 3b5 1f19 395 1f21 3b7 1f29 397 1f31 3b9 1f39 399 1f41 3bf 1f49 39f 1f51 3c5 "
    "1f59 3a5 1f61 3c9 1f69 3a9 1fe5 3c1 1fec 3a1 31b: 1a0 4f 1a1 6f 1af 55 1b0 75 323: 1e04 42 1e05 62 1e0c 44 1e0d 64 1e24 48 "
    "1e25 68 1e32 4b 1e33 6b 1e36 4c 1e37 6c 1e42 4d 1e43 6d 1e46 4e 1e47 6e 1e5a 52 1e5b 72 1e62 53 1e63 73 1e6c 54 1e6d 74 1e7e 56 "
    "1e7f 76 1e88 57 1e89 77 1e92 5a 1e93 7a 1ea0 41 1ea1 61 1eb8 45 1eb9 65 1eca 49 1ecb 69 1ecc 4f 1ecd 6f 1ee2 1a0 1ee3 1a1 "
    "1ee4 55 1ee5 75 1ef0 1af 1ef1 1b0 1ef4 59 1ef5 79 324: 1e72 55 1e73 75 325: 1e00 41 1e01 61 326: 218 53 219 73 21a 54 21b 74 "
    "327: c7 43 e7 63 122 47 123 67 136 4b 137 6b 13b 4c 13c 6c 145 4e 146 6e 156 52 157 72 15e 53 15f 73 162 54 163 74 228 45 "
    "229 65 1e10 44 1e11 64 1e28 48 1e29 68 328: 104 41 105 61 118 45 119 65 12e 49 12f 69 172 55 173 75 1ea 4f 1eb 6f 32d: 1e12 44 "
    "1e13 64 1e18 45 1e19 65 1e3c 4c 1e3d 6c 1e4a 4e 1e4b 6e 1e70 54 1e71 74 1e76 55 1e77 75 32e: 1e2a 48 1e2b 68 330: 1e1a 45 "
    "1e1b 65 1e2c 49 1e2d 69 1e74 55 1e75 75 331: 1e06 42 1e07 62 1e0e 44 1e0f 64 1e34 4b 1e35 6b 1e3a 4c 1e3b 6c 1e48 4e 1e49 6e "
    "1e5e 52 1e5f 72 1e6e 54 1e6f 74 1e94 5a 1e95 7a 1e96 68 338: 219a 2190 219b 2192 21ae 2194 21cd 21d0 21ce 21d4 21cf 21d2 "
    "2204 2203 2209 2208 220c 220b 2224 2223 2226 2225 2241 223c 2244 2243 2247 2245 2249 2248 2260 3d 2262 2261 226d 224d 226e 3c "
    "226f 3e 2270 2264 2271 2265 2274 2272 2275 2273 2278 2276 2279 2277 2280 227a 2281 227b 2284 2282 2285 2283 2288 2286 2289 2287 "
    "22ac 22a2 22ad 22a8 22ae 22a9 22af 22ab 22e0 227c 22e1 227d 22e2 2291 22e3 2292 22ea 22b2 22eb 22b3 22ec 22b4 22ed 22b5 "
    "2adc 2add 342: 1f06 1f00 1f07 1f01 1f0e 1f08 1f0f 1f09 1f26 1f20 1f27 1f21 1f2e 1f28 1f2f 1f29 1f36 1f30 1f37 1f31 1f3e 1f38 "
    "1f3f 1f39 1f56 1f50 1f57 1f51 1f5f 1f59 1f66 1f60 1f67 1f61 1f6e 1f68 1f6f 1f69 1fb6 3b1 1fc1 a8 1fc6 3b7 1fcf 1fbf 1fd6 3b9 "
    "1fd7 3ca 1fdf 1ffe 1fe6 3c5 1fe7 3cb 1ff6 3c9 345: 1f80 1f00 1f81 1f01 1f82 1f02 1f83 1f03 1f84 1f04 1f85 1f05 1f86 1f06 "
    "1f87 1f07 1f88 1f08 1f89 1f09 1f8a 1f0a 1f8b 1f0b 1f8c 1f0c 1f8d 1f0d 1f8e 1f0e 1f8f 1f0f 1f90 1f20 1f91 1f21 1f92 1f22 "
    "1f93 1f23 1f94 1f24 1f95 1f25 1f96 1f26 1f97 1f27 1f98 1f28 1f99 1f29 1f9a 1f2a 1f9b 1f2b 1f9c 1f2c 1f9d 1f2d 1f9e 1f2e "
    "1f9f 1f2f 1fa0 1f60 1fa1 1f61 1fa2 1f62 1fa3 1f63 1fa4 1f64 1fa5 1f65 1fa6 1f66 1fa7 1f67 1fa8 1f68 1fa9 1f69 1faa 1f6a "
    "1fab 1f6b 1fac 1f6c 1fad 1f6d 1fae 1f6e 1faf 1f6f 1fb2 1f70 1fb3 3b1 1fb4 3ac 1fb7 1fb6 1fbc 391 1fc2 1f74 1fc3 3b7 1fc4 3ae "
    "1fc7 1fc6 1fcc 397 1ff2 1f7c 1ff3 3c9 1ff4 3ce 1ff7 1ff6 1ffc 3a9 5b4: fb1d 5d9 5b7: fb1f 5f2 fb2e 5d0 5b8: fb2f 5d0 5b9: "
    "fb4b 5d5 5bc: fb30 5d0 fb31 5d1 fb32 5d2 fb33 5d3 fb34 5d4 fb35 5d5 fb36 5d6 fb38 5d8 fb39 5d9 fb3a 5da fb3b 5db fb3c 5dc "
    "fb3e 5de fb40 5e0 fb41 5e1 fb43 5e3 fb44 5e4 fb46 5e6 fb47 5e7 fb48 5e8 fb49 5e9 fb4a 5ea 5bf: fb4c 5d1 fb4d 5db fb4e 5e4 5c1: "
    "fb2a 5e9 fb2c fb49 5c2: fb2b 5e9 fb2d fb49 653: 622 627 654: 623 627 624 648 626 64a 6c0 6d5 6c2 6c1 6d3 6d2 655: 625 627 93c: "
    "929 928 931 930 934 933 958 915 959 916 95a 917 95b 91c 95c 921 95d 922 95e 92b 95f 92f 9bc: 9dc 9a1 9dd 9a2 9df 9af 9be: "
    "9cb 9c7 9d7: 9cc 9c7 a3c: a33 a32 a36 a38 a59 a16 a5a a17 a5b a1c a5e a2b b3c: b5c b21 b5d b22 b3e: b4b b47 b56: b48 b47 b57: "
    "b4c b47 bbe: bca bc6 bcb bc7 bd7: b94 b92 bcc bc6 c56: c48 c46 cc2: cca cc6 cd5: cc0 cbf cc7 cc6 ccb cca cd6: cc8 cc6 d3e: "
    "d4a d46 d4b d47 d57: d4c d46 dca: dda dd9 ddd ddc dcf: ddc dd9 ddf: dde dd9 f72: f73 f71 f74: f75 f71 f80: f76 fb2 f78 fb3 "
    "f81 f71 fb5: f69 f40 fb9 f90 fb7: f43 f42 f4d f4c f52 f51 f57 f56 f5c f5b f93 f92 f9d f9c fa2 fa1 fa7 fa6 fac fab 102e: "
    "1026 1025 1b35: 1b06 1b05 1b08 1b07 1b0a 1b09 1b0c 1b0b 1b0e 1b0d 1b12 1b11 1b3b 1b3a 1b3d 1b3c 1b40 1b3e 1b41 1b3f 1b43 1b42 "
    "3099: 304c 304b 304e 304d 3050 304f 3052 3051 3054 3053 3056 3055 3058 3057 305a 3059 305c 305b 305e 305d 3060 305f 3062 3061 "
    "3065 3064 3067 3066 3069 3068 3070 306f 3073 3072 3076 3075 3079 3078 307c 307b 3094 3046 309e 309d 30ac 30ab 30ae 30ad "
    "30b0 30af 30b2 30b1 30b4 30b3 30b6 30b5 30b8 30b7 30ba 30b9 30bc 30bb 30be 30bd 30c0 30bf 30c2 30c1 30c5 30c4 30c7 30c6 "
    "30c9 30c8 30d0 30cf 30d3 30d2 30d6 30d5 30d9 30d8 30dc 30db 30f4 30a6 30f7 30ef 30f8 30f0 30f9 30f1 30fa 30f2 30fe 30fd 309a: "
    "3071 306f 3074 3072 3077 3075 307a 3078 307d 307b 30d1 30cf 30d4 30d2 30d7 30d5 30da 30d8 30dd 30db ";

using Decompositions = std::unordered_map<char32_t, std::pair<char32_t, char32_t>>;

Decompositions read_decompositions() {
  Decompositions all;
  char32_t mark = 0, letter = 0;
  for (std::string_view rest = decompositions; !rest.empty();) {
    const size_t end = rest.find(' ');
    std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
    uint32_t number = 0;
    std::from_chars(word.data(), word.data() + word.size(), number, 16);
    if (word.ends_with(':')) {
      mark = number;
    } else if (letter == 0) {
      letter = number;
    } else {
      all.emplace(std::exchange(letter, 0), std::pair(char32_t{number}, mark));
    }
  }
  return all;
}

void decompose(char32_t letter, std::u32string& out) {
  static const Decompositions all = read_decompositions();
  constexpr char32_t hangul = 0xAC00, syllables = 11172, vowels = 21, ends = 28;
  if (letter >= hangul && letter < hangul + syllables) {
    const char32_t syllable = letter - hangul;
    out += 0x1100 + syllable / (vowels * ends);
    out += 0x1161 + syllable % (vowels * ends) / ends;
    if (syllable % ends != 0) out += 0x11A7 + syllable % ends;
    return;
  }
  const auto found = letter < 0x80 ? all.end() : all.find(letter);
  if (found == all.end()) {
    out += letter;
    return;
  }
  decompose(found->second.first, out);
  if (found->second.second != 0) out += found->second.second;
}

/// Marks that stand above, below or in the letter before them, of the scripts in which several of them meet.
bool is_mark(char32_t c) { return (c >= 0x300 && c < 0x370) || (c >= 0x591 && c < 0x5C8) || (c >= 0x64B && c < 0x660); }

/// Bytes of the character that begins with `first`, 0 where none does, and the bits of its first byte.
std::pair<size_t, char32_t> length_of(unsigned char first) {
  if (first < 0x80) return {1, first};
  if (first >= 0xC2 && first < 0xE0) return {2, first & 0x1F};
  if (first >= 0xE0 && first < 0xF0) return {3, first & 0x0F};
  if (first >= 0xF0 && first < 0xF5) return {4, first & 0x07};
  return {0, 0};
}

}  // namespace

std::u32string code_points(std::string_view text) {
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    auto [length, value] = length_of(byte);
    bool whole = length > 0 && i + length <= text.size();
    for (size_t k = 1; whole && k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      whole = (next & 0xC0) == 0x80;
      value = value << 6 | (next & 0x3F);
    }
    whole = whole && value >= least[length] && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
    out += whole ? value : 0xDC00 + byte;
    i += whole ? length : 1;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  const std::u32string points = code_points(text);
  return std::none_of(points.begin(), points.end(), [](char32_t c) { return c >= 0xDC00 && c < 0xDD00; });
}

std::u32string decomposed(std::u32string_view text) {
  std::u32string out;
  for (const char32_t letter : text) decompose(letter, out);
  for (auto mark = out.begin(); mark != out.end();) {
    const auto end = std::find_if_not(mark, out.end(), is_mark);
    std::sort(mark, end);
    mark = end == out.end() ? end : end + 1;
  }
  return out;
}

std::u32string in_small_letters(std::u32string_view text) {
  // Not the locale of the user: what a name is must not follow from the machine.
  static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::u32string out(text);
  for (char32_t& c : out) {
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
    if (c >= 0x80 && unicode) c = static_cast<char32_t>(::towlower_l(static_cast<wint_t>(c), unicode));
  }
  return out;
}

}  // namespace lafs::formats
