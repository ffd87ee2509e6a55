#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lafs/option.h"

namespace lafs {

/// Receives the options of a component. They are declared once: key, member, rule, sentence. The member's own value is the default.
///
///     struct Options {
///       int64_t width = 192;
///       double dropout = 0.1;
///
///       void declare(lafs::Params& p) {
///         p("width", width, lafs::in(1, 4096), "columns of a token");
///         p("dropout", dropout, lafs::in(0, 0.99), "share of the elements that are dropped");
///       }
///     };
///
/// The host calls `declare` with one visitor after another: to read a recipe, to write the resolved one, to list options with their rules,
/// to complete a command line. So it only declares: the same options at every call, whatever their values, and no work. A rule across
/// options is a `throw lafs::Error` in the component's constructor. [main thread]
///
/// A member may be a bool, int64_t, double, std::string or a list of one of these, `Path`, a list of paths, `Schedule`, `Use<Kind>`, a list
/// of uses, a struct with a `declare` of its own (a table), or a list of such structs.
class Params {
 public:
  virtual ~Params() = default;

  template <typename T>
  void operator()(std::string_view key, T& member, const Rule& rule, std::string_view doc) {
    put(key, member, rule, doc, nullptr, false);
  }
  template <typename T>
  void operator()(std::string_view key, T& member, std::string_view doc) {
    put(key, member, {}, doc, nullptr, false);
  }
  /// As above, for an option that cannot change a number.
  template <typename T>
  void affects_nothing(std::string_view key, T& member, const Rule& rule, std::string_view doc) {
    put(key, member, rule, doc, nullptr, true);
  }
  template <typename T>
  void affects_nothing(std::string_view key, T& member, std::string_view doc) {
    put(key, member, {}, doc, nullptr, true);
  }
  /// As above, for an option that changes numbers unless it has this value, as one that was added later: recipes that do not set it keep
  /// the identity they had before there was such an option.
  template <typename T>
  void affects_unless(const std::type_identity_t<T>& value, std::string_view key, T& member, const Rule& rule, std::string_view doc) {
    put(key, member, rule, doc, nullptr, member == value);
  }

  /// A quirk of the reference: `[run] behaviour` picks which of the two values is the default; a key in the recipe wins.
  void quirk(std::string_view id, std::string_view key, bool& member, bool published, bool corrected, std::string_view doc);
  void quirk(std::string_view id, std::string_view key, int64_t& member, int64_t published, int64_t corrected, std::string_view doc);
  void quirk(std::string_view id, std::string_view key, double& member, double published, double corrected, std::string_view doc);
  void quirk(std::string_view id, std::string_view key, std::string& member, const std::string& published, const std::string& corrected,
             const Rule& rule, std::string_view doc);

 protected:
  virtual void visit(const Option& option) = 0;
  /// Whether quirks default to the corrected value.
  virtual bool corrected() const { return false; }
  /// Whether a quirk leaves its member alone: true in visitors of options that were read before.
  virtual bool keeps_values() const { return false; }

 private:
  template <typename T>
  void put_quirk(std::string_view id, std::string_view key, T& member, const T& published, const T& corrected, const Rule& rule,
                 std::string_view doc);
  template <typename T>
  void put(std::string_view key, T& member, const Rule& rule, std::string_view doc, const Quirk* quirk, bool affects_nothing);
};

namespace detail {

template <typename T>
concept Declares = requires(T& options, Params& p) { options.declare(p); };

template <Declares T>
struct TableOf final : Table {
  T& options;
  explicit TableOf(T& o) : options(o) {}
  void declare(Params& p) override { options.declare(p); }
};

template <Declares T>
struct TableListOf final : TableList {
  std::vector<T>& items;
  explicit TableListOf(std::vector<T>& v) : items(v) {}
  void resize(size_t count) override { items.resize(count); }
  size_t size() const override { return items.size(); }
  void declare(size_t item, Params& p) override { items[item].declare(p); }
  void declare_blank(Params& p) override { T().declare(p); }
};

}  // namespace detail

template <typename T>
void Params::put(std::string_view key, T& member, const Rule& rule, std::string_view doc, const Quirk* quirk, bool affects_nothing) {
  auto send = [&](Slot slot) { visit({key, doc, rule, slot, quirk, affects_nothing}); };
  if constexpr (std::is_base_of_v<AnyUse, T>) {
    send(static_cast<AnyUse*>(&member));
  } else if constexpr (requires { typename T::value_type::IsUse; }) {
    UseListOf<T> list(member);
    send(static_cast<AnyUseList*>(&list));
  } else if constexpr (requires {
                         typename T::value_type;
                         requires detail::Declares<typename T::value_type>;
                       }) {
    detail::TableListOf list(member);
    send(static_cast<TableList*>(&list));
  } else if constexpr (detail::Declares<T>) {
    detail::TableOf table(member);
    send(static_cast<Table*>(&table));
  } else {
    send(&member);
  }
}

}  // namespace lafs
