#pragma once
#include <memory>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "conformance/examples.h"
#include "conformance/findings.h"
#include "kernel/recipe.h"
#include "runner/assembly.h"
#include "support/front_door.h"

namespace lafs::conformance {

/// Pictures on disk, once for the program.
inline const Material& material() {
  static const Material made;
  return made;
}

/// Calls `suite(entry, example, findings)` for every example of every plugin of a kind; the findings must stay empty.
template <typename Suite>
void over_plugins(std::string_view kind, Suite suite) {
  const auto names = test::registry().names(kind);
  if (names.empty()) MESSAGE("there is no plugin of kind ", std::string(kind), " yet");
  for (const std::string& name : names) {
    const RegistryEntry& entry = *test::registry().find(kind, name);
    if (needs_example(entry)) {
      FAIL_CHECK(std::string(kind), " \"", name, "\" needs an example: it has required options");
      continue;
    }
    for (const Example& example : examples_of(entry, material())) {
      Findings findings;
      findings.guard("the suite runs", [&] { suite(entry, example, findings); });
      CHECK_MESSAGE(findings.empty(), std::string(kind), " \"", name, "\" with {", example.toml, "}", findings.text());
    }
  }
}

/// The same for suites that take a use, `suite(entry, use, findings)`.
template <typename Kind, typename Suite>
void over_uses(Suite suite) {
  over_plugins(Kind::kind, [&](const RegistryEntry& entry, const Example& example, Findings& findings) {
    suite(entry, test::use<Kind>(entry.registration.name, example.toml), findings);
  });
}

}  // namespace lafs::conformance
