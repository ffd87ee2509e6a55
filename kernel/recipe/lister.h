#pragma once
#include <string>
#include <vector>

#include "lafs/params.h"

namespace lafs {

/// An option as documentation describes it: a line of the pages of `lafs describe`.
struct OptionPage {
  std::string key, type, fallback, rule, doc;  ///< fallback: the default as TOML; rule: "in [0, 1]", "one of ..."
  std::string quirk, corrected;                ///< quirk number and corrected value; empty if none
  std::vector<OptionPage> inner;               ///< of a table or list of tables
};

/// The options of a plugin, in the order in which it declares them.
std::vector<OptionPage> list_options(const Configured& options);

/// The same of a plain struct with `declare`.
std::vector<OptionPage> list_options(Table& table);

}  // namespace lafs
