#include "lafs/use.h"

#include <string>

namespace lafs {

const void* AnyUse::factory() const {
  if (!options) throw Error(std::string(kind()) + (name.empty() ? " is not given" : " \"" + name + "\" was not read from a recipe"));
  return options->factory();
}

void AnyUse::rethrow() const {
  const std::string who = std::string(kind()) + " \"" + name + "\": ";
  try {
    throw;
  } catch (const std::exception& e) {
    const std::string what = e.what();
    if (position.empty() || what.starts_with(position)) {  // a nested use has told its place already
      throw Error(what.find(who) == std::string::npos && position.empty() ? who + what : what);
    }
    throw Error(position + ": error: " + who + what);
  }
}

}  // namespace lafs
