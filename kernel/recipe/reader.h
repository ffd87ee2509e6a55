#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/recipe/diagnostics.h"
#include "kernel/recipe/document.h"
#include "kernel/registry/registry.h"
#include "lafs/params.h"

namespace lafs {

/// What reading any table of a recipe needs to know about the rest of it.
struct ReadContext {
  Diagnostics& diagnostics;  ///< receives the mistakes
  const Registry& registry;
  const Roots& roots;
  bool corrected = false;         ///< default of quirks
  std::optional<int64_t> epochs;  ///< of the run; a written warm-up may not be longer
};

/// Puts a table's values into declared options, and adds every mistake to the diagnostics of the context.
class Reader final : public Params {
 public:
  /// `table` may be null: everything keeps its default. `owner` begins sentences: `objective "dino"`, `[run]`; `noun` is "parameter" or
  /// "key".
  Reader(const ReadContext& context, const Node* table, Position position, std::string owner, std::string noun);
  /// A key that is read elsewhere.
  void allow(std::string_view key) { known_.emplace_back(key); }
  /// Call when everything is declared: every other key of the table is a mistake.
  void finish();

 private:
  void visit(const Option& option) override;
  bool corrected() const override { return context_.corrected; }

  void read(bool& member, const Node& node, const Option& option, const std::string& name);
  void read(int64_t& member, const Node& node, const Option& option, const std::string& name);
  void read(double& member, const Node& node, const Option& option, const std::string& name);
  void read(std::string& member, const Node& node, const Option& option, const std::string& name);
  void read(Path& member, const Node& node, const Option& option, const std::string& name);
  void read(Schedule& member, const Node& node, const Option& option, const std::string& name);
  void read_curve(Schedule& member, const Node& node, const Option& option, const std::string& name);
  void check_curve(const Schedule& curve, const Node& node, const std::string& name);
  template <typename T>
  void read(std::vector<T>& member, const Node& node, const Option& option, const std::string& name);
  void read_list(AnyUseList& list, const Node* node, const Option& option);
  void read_list(TableList& list, const Node* node, const Option& option);
  void read_table(Table& table, const Node* node, const Option& option);

  bool knows(std::string_view key) const;
  bool in_range(double value, const Node& node, const Option& option, const std::string& name);
  void wrong_type(const Node& node, const std::string& name, std::string_view expected);
  Reader inner(std::string_view key, const Node* node) const;

  const ReadContext& context_;
  const Node* table_;
  Position position_;
  std::string owner_, noun_;
  std::vector<std::string> known_;
};

/// Reads a component: its name (`node` is the name itself, or a table with `use`) and its options. A null node leaves the preset name with
/// default options. `where` stands for a null node. `beside` declares keys of the table that are not the plugin's.
void read_use(const ReadContext& context, const Node* node, const Position& where, AnyUse& use,
              const std::function<void(Params&)>& beside = {});

/// The options of one plugin from inline TOML ("dim = 48"), for tests and tools; `name` stands where a file's name would. Quirks default
/// to the corrected value where `corrected`. Throws RecipeError.
void read_options(std::string_view toml, const std::string& name, AnyUse& use, const Registry& registry, bool corrected = false);

}  // namespace lafs
