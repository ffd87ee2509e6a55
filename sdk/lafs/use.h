#pragma once
#include <concepts>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lafs/error.h"

namespace lafs {

class DataSource;
class Params;

/// The checked options of one component and its factory. The kernel sees only this; `Registrar::add` implements it.
class Configured {
 public:
  virtual ~Configured() = default;
  virtual void declare(Params& p) = 0;
  virtual std::unique_ptr<Configured> copy() const = 0;
  virtual const void* factory() const = 0;  ///< a `Kind::Factory` of the registration's kind
  /// Writes a small data set where these options say that files are; false for a component that cannot. See data_source.h.
  virtual bool write_example(const DataSource& /*pictures*/) const { return false; }
};

/// A component named by a recipe: plugin name and checked options, no instance.
class AnyUse {
 public:
  using IsUse = void;
  virtual ~AnyUse() = default;
  virtual std::string_view kind() const = 0;

  bool empty() const { return name.empty(); }

  std::string name;                           ///< plugin; may be preset by the option's default
  std::shared_ptr<const Configured> options;  ///< set by the reader
  std::string position;                       ///< "recipe.toml:12:1", the beginning of errors of the component
  int64_t revision = 0;                       ///< of the plugin: raised when its numbers change

 protected:
  const void* factory() const;  ///< throws Error when nothing is named
  /// Call inside a catch block: rethrows with position, kind and name in front; an error that already has a position stays as it is.
  [[noreturn]] void rethrow() const;
};

/// `make()` may be called any number of times; each call gives a new instance.
template <typename Kind>
class Use final : public AnyUse {
 public:
  Use() = default;
  explicit Use(std::string plugin) { name = std::move(plugin); }
  std::string_view kind() const override { return Kind::kind; }

  template <typename... Args>
  std::shared_ptr<Kind> make(Args&&... args) const {
    const auto& make_one = *static_cast<const typename Kind::Factory*>(factory());
    try {
      return make_one(std::forward<Args>(args)...);
    } catch (...) {
      rethrow();
    }
  }
};

class AnyUseList {
 public:
  virtual ~AnyUseList() = default;
  virtual std::string_view kind() const = 0;
  virtual void clear() = 0;
  virtual size_t size() const = 0;
  virtual AnyUse& at(size_t item) = 0;
  virtual AnyUse& add() = 0;
};

template <typename Vector>
class UseListOf final : public AnyUseList {
 public:
  explicit UseListOf(Vector& items) : items_(items) {}
  std::string_view kind() const override { return typename Vector::value_type().kind(); }
  void clear() override { items_.clear(); }
  size_t size() const override { return items_.size(); }
  AnyUse& at(size_t item) override { return items_[item]; }
  AnyUse& add() override { return items_.emplace_back(); }

 private:
  Vector& items_;
};

}  // namespace lafs
