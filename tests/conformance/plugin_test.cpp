#include "conformance/plugin_suite.h"

#include <doctest/doctest.h>

#include "conformance/harness.h"

namespace {

using namespace lafs;

/// An objective's example is the end of a recipe: its own options are read with their defaults.
std::string own_options(const RegistryEntry& entry, const conformance::Example& example) {
  return entry.registration.kind == "objective" ? "" : example.toml;
}

TEST_CASE("conformance: every plugin says what it is, and its options are what they say") {
  size_t plugins = 0;
  for (const std::string& kind : Registry::kinds()) {
    plugins += test::registry().names(kind).size();
    conformance::over_plugins(kind, [](const RegistryEntry& entry, const conformance::Example& example, conformance::Findings& findings) {
      conformance::conform_plugin(entry, test::registry(), own_options(entry, example), findings);
    });
  }
  CHECK(plugins == test::registry().all().size());
  CHECK(plugins > 0);
}

}  // namespace
