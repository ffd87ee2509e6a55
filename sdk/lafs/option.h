#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lafs/rule.h"
#include "lafs/schedule.h"
#include "lafs/use.h"

namespace lafs {

/// A file or folder. The reader resolves it against the file that wrote it; a leading "@name/" is a root of `[paths]`.
struct Path {
  std::string value;  ///< absolute once read; empty when not given
  bool empty() const { return value.empty(); }
  bool operator==(const Path&) const = default;
};

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

/// Where the value of an option is kept; the alternative is the type of the option.
using Slot = std::variant<bool*, int64_t*, double*, std::string*, std::vector<bool>*, std::vector<int64_t>*, std::vector<double>*,
                          std::vector<std::string>*, Path*, std::vector<Path>*, Schedule*, AnyUse*, AnyUseList*, Table*, TableList*>;

/// A numbered deviation of the reference (contract 7).
struct Quirk {
  std::string id;                    ///< "M1", "FT-02"
  std::string published, corrected;  ///< both values as TOML text
};

/// One declared option: everything a reader, a lister or a resolver may want. Valid while `Params::visit` runs; copy what you keep.
struct Option {
  std::string_view key, doc;
  Rule rule;
  Slot slot;
  const Quirk* quirk = nullptr;
  bool affects_nothing = false;  ///< not part of a stage's identity: paths, logging, intervals, workers
};

}  // namespace lafs
