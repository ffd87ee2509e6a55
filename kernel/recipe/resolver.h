#pragma once
#include <functional>
#include <string>

#include "kernel/recipe/document.h"
#include "lafs/params.h"

namespace lafs {

/// Turns options that were read back into a table, every default written out.
class Resolver final : public Params {
 public:
  Node table;

 private:
  void visit(const Option& option) override;
  bool keeps_values() const override { return true; }
};

/// A component's table: "use", then what `beside` declares, then the plugin's options.
Node resolved_use(const AnyUse& use, const std::function<void(Params&)>& beside = {});

/// The options of a use as a TOML document, every default written out, "use" first.
std::string options_text(const AnyUse& use);

}  // namespace lafs
