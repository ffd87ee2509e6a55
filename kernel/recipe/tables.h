#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace lafs {

class Params;

/// A key at the top of a recipe.
struct RecipeTable {
  enum class Form {
    base,       ///< names of files
    text,       ///< a string
    roots,      ///< a table of any names
    statuses,   ///< a table of dotted keys of the recipe, and what is known of each: status.h
    values,     ///< a table of dotted keys of the recipe, and another value for each: rehearsal.h
    options,    ///< a table of the options that `declare` names
    component,  ///< a plugin of the kind `name` with its options, beside those that `declare` names
  };
  std::string name;
  Form form;
  bool list = false;  ///< written `[[name]]`
  std::string doc;
  bool has_dotted_keys() const { return form == Form::statuses || form == Form::values; }
  void (*declare)(Params& p) = nullptr;  ///< the options that are not a plugin's, with their defaults; null: none
};

/// Everything that may stand at the top of a run recipe: the one place that lists it. Errors name the keys in this order.
const std::vector<RecipeTable>& recipe_tables();

/// Their names.
std::vector<std::string> recipe_table_names();

/// Throws Error for a name that no table has.
const RecipeTable& recipe_table(std::string_view name);

/// The options of a table that are not a plugin's.
std::vector<std::string> own_keys(const RecipeTable& table);

}  // namespace lafs
