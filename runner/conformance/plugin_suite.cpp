#include "runner/conformance/suites.h"

#include <cmath>
#include <set>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/recipe/lister.h"
#include "kernel/recipe/recipe.h"
#include "kernel/recipe/resolver.h"
#include "kernel/registry/library_gate.h"
#include "kernel/registry/registry.h"
#include "runner/conformance/findings.h"
#include "runner/conformance/option_probe.h"

namespace lafs::conformance {

namespace {

/// What a plugin of any kind promises: it says what it is, and its options are what they say.
class PluginSuite {
 public:
  PluginSuite(const RegistryEntry& entry, const Registry& registry, Findings& findings)
      : entry_(entry), registry_(registry), findings_(findings) {}

  void run(const std::string& toml) {
    findings_.guard("a registration is complete", [&] { described(); });
    findings_.guard("exports are read", [&] { exports(); });
    findings_.guard("options are declared", [&] {
      const auto options = entry_.registration.defaults->copy();
      OptionProbe probe;
      options->declare(probe);
      for (const ProbedOption& option : probe.options) {
        try_range(toml, option);
        try_choices(toml, option);
      }
    });
    findings_.guard("options are written and read", [&] { reads_back(toml); });
    findings_.expect_throw<Error>("an unknown option is an error", "\"no_such_option\"", [&] { read("no_such_option = 1\n" + toml); });
  }

 private:
  void described() {
    const Registration& registration = entry_.registration;
    findings_.expect(!registration.doc.empty(), "a registration has a text", registration.name);
    findings_.expect(registration.doc.find('\n') == std::string::npos && !registration.doc.ends_with('.'),
                     "the text is one line without a full stop", registration.doc);
    findings_.expect(registration.revision >= 1, "a revision is at least 1", fmt::format("{}", registration.revision));
    for (const OptionPage& page : list_options(*registration.defaults)) document_inner(page, "");
  }

  /// So that nothing of a plugin can take the place of a name elsewhere.
  void exports() {
    const std::set<std::string> names = exported_names(entry_.library);
    findings_.expect(names == std::set<std::string>{"lafs_plugin", "lafs_stamp"}, "it exports lafs_plugin and lafs_stamp alone",
                     fmt::format("\"{}\" exports {}", entry_.library.filename().string(), fmt::join(names, ", ")));
  }

  void document_inner(const OptionPage& page, const std::string& before) {
    findings_.expect(!page.doc.empty(), "every option is documented", before + page.key);
    for (const OptionPage& inner : page.inner) document_inner(inner, before + page.key + ".");
  }

  NamedUse read(const std::string& toml) const { return read_named(entry_, registry_, toml, "example.toml"); }

  void try_range(const std::string& toml, const ProbedOption& option) {
    if (option.form != ProbedOption::Form::integer && option.form != ProbedOption::Form::real) return;
    const auto [low, high] = std::pair(option.rule.low, option.rule.high);
    const std::string sentence = std::isinf(high)  ? fmt::format("is less than {}", low)
                                 : std::isinf(low) ? fmt::format("is more than {}", high)
                                                   : fmt::format("is outside [{}, {}]", low, high);
    for (const auto& [end, outside] : {std::pair(low, low - 1), std::pair(high, high + 1)}) {
      if (std::isinf(end)) continue;
      const std::string inside = with_option(toml, option, option.value(end));
      findings_.guard(fmt::format("\"{}\" takes {}, an end of its range", option.key(), end), [&] { read(inside); });
      const std::string beyond = with_option(toml, option, option.value(outside));
      findings_.expect_throw<Error>(fmt::format("\"{}\" does not take {}", option.key(), outside), sentence, [&] { read(beyond); });
    }
  }

  void try_choices(const std::string& toml, const ProbedOption& option) {
    if (option.form != ProbedOption::Form::text || option.rule.choices.empty()) return;
    for (const std::string& choice : option.rule.choices) {
      const std::string text = with_option(toml, option, option.value(choice));
      findings_.guard(fmt::format("\"{}\" takes \"{}\"", option.key(), choice), [&] { read(text); });
    }
    const std::string text = with_option(toml, option, option.value(std::string("no such choice")));
    findings_.expect_throw<Error>(fmt::format("\"{}\" takes its choices alone", option.key()), "is not a choice", [&] { read(text); });
  }

  void reads_back(const std::string& toml) {
    const std::string once = options_text(read(toml));
    const std::string twice = options_text(read(once));
    findings_.expect(once == twice, "options are unchanged after writing and reading them",
                     fmt::format("first\n{}\nthen\n{}", once, twice));
  }

  const RegistryEntry& entry_;
  const Registry& registry_;
  Findings& findings_;
};

}  // namespace

void conform_plugin(const RegistryEntry& entry, const Registry& registry, const std::string& toml, Findings& findings) {
  PluginSuite(entry, registry, findings).run(toml);
}

}  // namespace lafs::conformance
