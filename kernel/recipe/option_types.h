#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "lafs/params.h"

namespace lafs {

namespace detail {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

}  // namespace detail

/// Calls the handler that takes a reference to what the option's slot points at, and returns what it returns. A handler of `auto&` takes
/// the types that no other handler names, one of `std::vector<T>&` the lists of values.
///
///     by_type(
///         option.slot, [&](Table& table) { table.declare(*this); }, [](auto&) {});
template <typename... Handlers>
decltype(auto) by_type(const Slot& slot, Handlers&&... handlers) {
  const detail::Overloaded<std::decay_t<Handlers>...> handle{std::forward<Handlers>(handlers)...};
  return std::visit([&](auto* member) -> decltype(auto) { return handle(*member); }, slot);
}

/// What the values of a type are called: in errors and documentation ("an integer"), and in JSON Schema.
struct TypeName {
  std::string_view article, name, json;

  std::string with_article() const { return std::string(article) + " " + std::string(name); }
  std::string list() const { return "list of " + std::string(name) + "s"; }
};

template <typename T>
inline constexpr TypeName type_name{};
template <>
inline constexpr TypeName type_name<bool>{"a", "bool", "boolean"};
template <>
inline constexpr TypeName type_name<int64_t>{"an", "integer", "integer"};
template <>
inline constexpr TypeName type_name<double>{"a", "real", "number"};
template <>
inline constexpr TypeName type_name<std::string>{"a", "string", "string"};
template <>
inline constexpr TypeName type_name<Path>{"a", "path", "string"};
template <>
inline constexpr TypeName type_name<Schedule>{"a", "schedule", "number"};
template <>
inline constexpr TypeName type_name<Table>{"a", "table", "object"};

/// The type of an option as documentation has it: "integer", "list of reals", "backbone (a component)".
std::string type_text(const Slot& slot);

}  // namespace lafs
