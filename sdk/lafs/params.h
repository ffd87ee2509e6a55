#pragma once
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "lafs/schedule.h"
#include "lafs/use.h"

namespace lafs {

/// A file or folder. The reader resolves it against the file that wrote it; a leading "@name/" is a root of `[paths]`.
struct Path {
  std::string value;  ///< absolute once read; empty when not given
  bool empty() const { return value.empty(); }
  bool operator==(const Path&) const = default;
};

/// What a value must satisfy. A number, every number of a list, or `from` and `to` of a Schedule lies in [low, high].
struct Rule {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices;  ///< for strings; empty: any
  bool required = false;

  Rule needed() const {
    Rule rule = *this;
    rule.required = true;
    return rule;
  }
};
inline Rule in(double low, double high) {
  Rule rule;
  rule.low = low;
  rule.high = high;
  return rule;
}
inline Rule at_least(double low) { return in(low, std::numeric_limits<double>::infinity()); }
inline Rule one_of(std::initializer_list<std::string> choices) {
  Rule rule;
  rule.choices = choices;
  return rule;
}
inline Rule needed() { return Rule().needed(); }

class Params;

/// A list of tables with options of their own: `[[optimizer.groups]]`.
class TableList {
 public:
  virtual ~TableList() = default;
  virtual void resize(size_t count) = 0;
  virtual size_t size() const = 0;
  virtual void declare(size_t item, Params& p) = 0;
  virtual void declare_blank(Params& p) = 0;  ///< the options of an item, for documentation
};

/// One table inside the table: `[augmentation.jitter]`.
class Table {
 public:
  virtual ~Table() = default;
  virtual void declare(Params& p) = 0;
};

using Slot = std::variant<bool*, int64_t*, double*, std::string*, std::vector<bool>*, std::vector<int64_t>*, std::vector<double>*,
                          std::vector<std::string>*, Path*, std::vector<Path>*, Schedule*, AnyUse*, AnyUseList*, Table*, TableList*>;

/// A numbered deviation of the reference (contract 7).
struct Quirk {
  std::string id;                    ///< "M1", "FT-02"
  std::string published, corrected;  ///< both values as TOML text
};

/// One declared option: everything a reader, a lister or a resolver may want.
struct Option {
  std::string_view key, doc;
  Rule rule;
  Slot slot;
  const Quirk* quirk = nullptr;
  bool affects_nothing = false;  ///< not part of a stage's identity: paths, logging, intervals, workers
};

/// Options are declared once: `void declare(Params& p) { p("width", width, in(1, 4096), "columns of the token"); }`.
/// The member's own value is the default. The kernel has the visitors: reader, lister, resolver.
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

  /// A quirk of the reference: `[run] behaviour` picks which of the two values is the default; an explicit key wins.
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
