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
  } catch (const PlacedError&) {  // of a component within this one
    throw;
  } catch (const std::exception& e) {
    if (position.empty()) throw Error(who + e.what());
    throw PlacedError(position + ": error: " + who + e.what());
  }
}

}  // namespace lafs
