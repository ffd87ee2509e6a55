#include "lafs/use.h"

#include <string>

namespace lafs {

const void* AnyUse::factory() const {
  if (!options) throw Error(std::string(kind()) + (name.empty() ? " is not given" : " \"" + name + "\" was not read from a recipe"));
  return options->factory();
}

void AnyUse::rethrow() const {
  try {
    throw;
  } catch (const PlacedError&) {  // of a component within this one, or of a line of its data
    throw;
  } catch (const std::exception& e) {
    const Error named(std::string(kind()) + " \"" + name + "\": " + sentence_of(e));
    if (position.empty()) throw named;
    throw named.at(position);
  }
}

}  // namespace lafs
