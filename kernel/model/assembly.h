#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/ranks/place.h"
#include "kernel/recipe/recipe.h"
#include "kernel/results/named_metrics.h"
#include "lafs/assembly.h"

namespace lafs {

/// Makes the components of a recipe: the only place that knows all kinds. [main thread]
class RecipeAssembly final : public Assembly {
 public:
  enum class Data {
    open,      ///< opened when first asked for
    if_there,  ///< opened if it can be; else the recipe's numbers stand for it
    closed     ///< never opened; the recipe's numbers, or 2 identities and one batch of images where it gives none
  };
  RecipeAssembly(const Recipe& recipe, Data data, std::function<void(const std::string&)> note, const Place& place = {});

  const InputContract& input() const override { return scaled_ ? *scaled_ : recipe_.input; }
  std::shared_ptr<Backbone> backbone() override;
  std::shared_ptr<Projector> projector(int64_t input_width) override;
  std::shared_ptr<Head> head() override;
  std::shared_ptr<const DataSource> data() override;
  int64_t identities() const override;
  int64_t images() const override;
  int64_t rank_batch() const override { return recipe_.run.batch / world_; }
  int64_t accumulate() const override { return recipe_.run.accumulate; }
  int64_t epochs() const override;
  int64_t rank() const override { return rank_; }
  int64_t world() const override { return world_; }
  std::vector<std::string> plugins_with(std::string_view kind, std::string_view capability) const override;
  bool loads(std::string_view part) const override;
  void note(const std::string& text) override { note_(text); }

  std::shared_ptr<Augmentation> augmentation();
  std::shared_ptr<Objective> objective();
  std::shared_ptr<Optimizer> optimizer(const ParameterGroups& groups);
  /// Named as results name them, in the order of the recipe. Each sees the input contract with its own scaling.
  NamedEvaluators evaluators();

  /// Throws PlacedError when the objective needs a group of views that the recipe's augmentation does not make; names both.
  void check_views(const Objective& objective);
  /// Whether this is a backbone of `[backbone]`, made here and alive.
  bool made(const Backbone& backbone) const;
  /// Whether the training data was opened.
  bool has_data() const { return source_ != nullptr; }

 private:
  std::shared_ptr<const DataSource> open() const;
  /// `of_data` of the opened source, or where it is not there `in_recipe`, a key of [run] called `key`.
  int64_t number(int64_t (DataSource::*of_data)() const, int64_t in_recipe, int64_t where_closed, std::string_view key) const;

  const Recipe& recipe_;
  Data mode_;
  std::function<void(const std::string&)> note_;
  int64_t rank_, world_;
  // Opened when first asked for.
  mutable std::shared_ptr<const DataSource> source_;
  mutable bool tried_ = false, opening_ = false;
  std::vector<std::weak_ptr<const Backbone>> backbones_;
  std::optional<InputContract> scaled_;  ///< of the evaluator that is being made
};

}  // namespace lafs
