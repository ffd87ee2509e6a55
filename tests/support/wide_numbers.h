#pragma once
/// Elements of a stored tensor as f64, whatever their type.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace lafs::test {

template <typename T>
std::vector<double> widened(std::span<const std::byte> bytes) {
  std::vector<double> out;
  for (size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    out.push_back(static_cast<double>(value));
  }
  return out;
}

inline double half_number(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double size = exponent == 31 ? (mantissa ? std::nan("") : HUGE_VAL)
                                     : std::ldexp(exponent ? 1024 + mantissa : mantissa, (exponent ? exponent : 1) - 25);
  return bits >> 15 ? -size : size;
}

inline double bfloat_number(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value = 0;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

/// `dtype` as safetensors writes it.
inline std::vector<double> wide_numbers(const std::string& dtype, std::span<const std::byte> bytes) {
  if (dtype == "F32") return widened<float>(bytes);
  if (dtype == "F64") return widened<double>(bytes);
  if (dtype == "I64") return widened<int64_t>(bytes);
  if (dtype == "I32") return widened<int32_t>(bytes);
  if (dtype == "I16") return widened<int16_t>(bytes);
  if (dtype == "I8") return widened<int8_t>(bytes);
  if (dtype == "U8" || dtype == "BOOL") return widened<uint8_t>(bytes);
  std::vector<double> out;
  if (dtype == "F16" || dtype == "BF16") {
    for (const double bits : widened<uint16_t>(bytes))
      out.push_back(dtype == "F16" ? half_number(static_cast<uint16_t>(bits)) : bfloat_number(static_cast<uint16_t>(bits)));
    return out;
  }
  FAIL("no numbers of type " << dtype);
  return out;
}

/// The numbers of a golden JSON, where "nan", "inf" and "-inf" stand for those values, and true and false for 1 and 0.
inline std::vector<double> json_numbers(const nlohmann::json& list) {
  std::vector<double> out;
  for (const nlohmann::json& item : list) {
    if (item.is_boolean())
      out.push_back(item.get<bool>() ? 1 : 0);
    else if (item.is_string())
      out.push_back(item == "nan"    ? std::nan("")
                    : item == "inf"  ? HUGE_VAL
                    : item == "-inf" ? -HUGE_VAL
                                     : std::stod(item.get<std::string>()));
    else
      out.push_back(item.get<double>());
  }
  return out;
}

/// Equal bit patterns, but for those of NaN.
inline bool same_numbers(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))) return false;
  return true;
}

}  // namespace lafs::test
