#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace lafs::formats {

/// Why a name of a list is not among those that are there: looks at those one by one and keeps the likeliest cause. [one thread at a time]
///
///     NearName near(name);
///     for (const std::string& there : names) near.look(there);
///     throw Error(fmt::format("nobody is called \"{}\"{}", shown(name), near.hint()));
class NearName {
 public:
  explicit NearName(std::string_view wanted);
  void look(std::string_view there);
  /// The end of an error: "; did you mean ...", what differs, and what to do; empty where no cause was found.
  std::string hint() const;

 private:
  /// From a vague cause to a certain one.
  enum class Cause { none, edits, zeros, ending, fewer_folders, more_folders, separator, backslash, blanks, letter_case, form };
  struct Keys {
    std::u32string form;   ///< in one Unicode form
    std::u32string small;  ///< also in small letters
    std::u32string plain;  ///< also with one blank for each row of blanks
    explicit Keys(std::string_view name);
  };
  Cause cause_of(std::string_view there, const Keys& keys) const;
  Cause path_cause(std::string_view there) const;
  Cause spelling(const Keys& keys, size_t& edits) const;

  std::string wanted_, best_;
  Keys keys_;
  Cause cause_ = Cause::none;
  size_t edits_ = 0;
};

}  // namespace lafs::formats
