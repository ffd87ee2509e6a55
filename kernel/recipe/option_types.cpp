#include "kernel/recipe/option_types.h"

#include <fmt/format.h>

namespace lafs {

std::string type_text(const Slot& slot) {
  return by_type(
      slot, [](AnyUse& use) { return fmt::format("{} (a component)", use.kind()); },
      [](AnyUseList& uses) { return fmt::format("list of {} (components)", uses.kind()); },
      [](TableList&) { return type_name<Table>.list(); },  //
      []<typename T>(std::vector<T>&) { return type_name<T>.list(); }, []<typename T>(T&) { return std::string(type_name<T>.name); });
}

}  // namespace lafs
