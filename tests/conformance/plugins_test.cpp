#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "runner/conformance/suites.h"
#include "support/front_door.h"

namespace {

using namespace lafs;
using conformance::Example;
using conformance::Findings;

/// Pictures on disk, once for the program.
const conformance::Material& material() {
  static const conformance::Material made;
  return made;
}

/// Calls `suite(entry, example, findings)` for every example of every plugin of a kind; the findings must stay empty.
template <typename Suite>
void over_plugins(std::string_view kind, Suite suite) {
  const auto names = test::registry().names(kind);
  CHECK(!names.empty());
  for (const std::string& name : names) {
    const RegistryEntry& entry = *test::registry().find(kind, name);
    for (const std::string& key : conformance::options_without_example(entry)) {
      FAIL_CHECK(std::string(kind), " \"", name, "\" needs an example: \"", key, "\" is required");
    }
    for (const Example& example : conformance::examples_of(entry, material())) {
      Findings findings;
      findings.guard("the suite runs", [&] { suite(entry, example, findings); });
      CHECK_MESSAGE(findings.empty(), std::string(kind), " \"", name, "\" with {", example.toml, "}", findings.text());
    }
  }
}

TEST_CASE("conformance: every plugin says what it is, and its options are what they say") {
  for (const std::string& kind : Registry::kinds()) {
    over_plugins(kind, [](const RegistryEntry& entry, const Example& example, Findings& findings) {
      conformance::conform_plugin(entry, test::registry(), conformance::own_options(entry, example), findings);
    });
  }
}

TEST_CASE("conformance: every plugin keeps the promises of its kind") {
  for (const std::string& kind : Registry::kinds()) {
    SUBCASE(kind.c_str()) {
      over_plugins(kind, [](const RegistryEntry& entry, const Example& example, Findings& findings) {
        conformance::conform_kind(entry, test::registry(), example, findings);
      });
    }
  }
}

}  // namespace
