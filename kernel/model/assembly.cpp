#include "kernel/model/assembly.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/data/epochs.h"

namespace lafs {

namespace {

/// That of `kind`, and every other without which no recipe trains.
std::vector<std::string> missing_tables(const Recipe& recipe, std::string_view kind) {
  std::vector<std::string> missing;
  for (const AnyUse* use : std::initializer_list<const AnyUse*>{&recipe.data_source, &recipe.augmentation, &recipe.backbone,
                                                                &recipe.projector, &recipe.head, &recipe.objective, &recipe.optimizer}) {
    const bool needed = use != &recipe.projector && use != &recipe.head;
    if (use->empty() && (needed || use->kind() == kind)) missing.push_back(fmt::format("[{}]", use->kind()));
  }
  return missing;
}

template <typename Kind>
const Use<Kind>& present(const Recipe& recipe, const Use<Kind>& use) {
  if (use.empty()) throw Error(fmt::format("the recipe has no {}", fmt::join(missing_tables(recipe, Kind::kind), ", no ")));
  return use;
}

/// Whether the backbone has the capability `InferenceOnly`.
bool infers_only(const Use<Backbone>& use, const Registry* registry) {
  if (!registry) return false;
  const std::vector<std::string> all = registry->with_capability(Backbone::kind, "inference_only");
  return std::find(all.begin(), all.end(), use.name) != all.end();
}

void agree(std::string_view what, int64_t recipe, int64_t data) {
  if (recipe > 0 && recipe != data) {
    throw Error(fmt::format("[run] {} = {}, but the training data has {}", what, recipe, data));
  }
}

}  // namespace

RecipeAssembly::RecipeAssembly(const Recipe& recipe, Data data, std::function<void(const std::string&)> note, const Place& place)
    : recipe_(recipe), mode_(data), note_(std::move(note)), rank_(place.rank()), world_(place.world()) {
  if (mode_ == Data::if_there) {
    try {
      open();
    } catch (const Error& e) {
      note_(fmt::format("{}\ncontinuing without the training data, with the numbers from the recipe", e.what()));
    }
  }
}

int64_t RecipeAssembly::epochs() const { return recipe_.run.total_steps > 0 ? Epochs(recipe_.run, images()).begun() : recipe_.run.epochs; }

std::shared_ptr<const DataSource> RecipeAssembly::open() const {
  if (opening_) throw Error("a data source asked for the training data while it was being opened");
  if (!source_ && !tried_) {
    tried_ = mode_ == Data::if_there;
    opening_ = true;
    std::shared_ptr<const DataSource> source;
    try {
      source = present(recipe_, recipe_.data_source).make(const_cast<RecipeAssembly&>(*this));
    } catch (...) {
      opening_ = false;
      throw;
    }
    opening_ = false;
    agree("images", recipe_.run.images, source->size());
    agree("identities", recipe_.run.identities, source->identities());
    source_ = std::move(source);
    if (const auto* skipping = dynamic_cast<const Skipping*>(source_.get())) {
      const auto skipped = skipping->skipped();
      if (!skipped.empty())
        note_(fmt::format("damaged pictures left out of the training data: {}, first {}", skipped.size(), skipped.front()));
    }
  }
  return source_;
}

std::shared_ptr<Backbone> RecipeAssembly::backbone() {
  const Use<Backbone>& use = present(recipe_, recipe_.backbone);
  if (infers_only(use, recipe_.registry)) {  // before its file is opened
    throw Error(
        fmt::format("backbone \"{}\" only infers and cannot be trained; lafs eval and lafs embed take its file as their model", use.name))
        .at(use.position);
  }
  auto backbone = use.make(recipe_.input);
  backbones_.push_back(backbone);
  return backbone;
}

bool RecipeAssembly::made(const Backbone& backbone) const {
  return std::any_of(backbones_.begin(), backbones_.end(), [&](const auto& one) { return one.lock().get() == &backbone; });
}

std::shared_ptr<Projector> RecipeAssembly::projector(int64_t input_width) { return present(recipe_, recipe_.projector).make(input_width); }
std::shared_ptr<Head> RecipeAssembly::head() { return present(recipe_, recipe_.head).make(identities()); }

std::shared_ptr<const DataSource> RecipeAssembly::data() {
  if (mode_ == Data::closed) throw Error("the training data may not be opened here");
  auto source = open();
  if (!source) throw Error("the training data is not there");
  return source;
}

int64_t RecipeAssembly::number(int64_t (DataSource::*of_data)() const, int64_t in_recipe, int64_t where_closed,
                               std::string_view key) const {
  if (mode_ == Data::open) open();
  if (source_) return (source_.get()->*of_data)();
  if (in_recipe > 0) return in_recipe;
  if (mode_ == Data::closed) return where_closed;
  throw Error(fmt::format("the training data is not there, so [run] {} must say how many there are", key));
}

int64_t RecipeAssembly::identities() const { return number(&DataSource::identities, recipe_.run.identities, 2, "identities"); }
int64_t RecipeAssembly::images() const { return number(&DataSource::size, recipe_.run.images, recipe_.run.batch, "images"); }

std::vector<std::string> RecipeAssembly::plugins_with(std::string_view kind, std::string_view capability) const {
  return recipe_.registry ? recipe_.registry->with_capability(kind, capability) : std::vector<std::string>();
}

bool RecipeAssembly::loads(std::string_view part) const {
  return std::any_of(recipe_.init.begin(), recipe_.init.end(),
                     [part](const InitEntry& init) { return init.into.empty() || init.into == part || part.starts_with(init.into + "."); });
}

std::shared_ptr<Augmentation> RecipeAssembly::augmentation() { return present(recipe_, recipe_.augmentation).make(recipe_.input); }
std::shared_ptr<Objective> RecipeAssembly::objective() { return present(recipe_, recipe_.objective).make(*this); }
std::shared_ptr<Optimizer> RecipeAssembly::optimizer(const ParameterGroups& groups) {
  return present(recipe_, recipe_.optimizer).make(groups);
}

NamedEvaluators RecipeAssembly::evaluators() {
  NamedEvaluators made;
  for (const EvaluatorEntry& entry : recipe_.evaluators) {
    scaled_ = entry.input_of(recipe_.input);
    made.emplace_back(entry.name.empty() ? entry.use.name : entry.name, entry.use.make(*this));
  }
  scaled_.reset();
  return made;
}

void RecipeAssembly::check_views(const Objective& objective) {
  const ViewLayout layout = augmentation()->layout();
  const auto complain = [&](const std::string& needs, const std::string& makes) {
    throw Error(fmt::format("objective \"{}\" needs {}, but augmentation \"{}\" makes {}", recipe_.objective.name, needs,
                            recipe_.augmentation.name, makes))
        .at(recipe_.objective.position);
  };
  for (const ViewNeed& need : objective.required_views()) {
    const auto group = std::find_if(layout.begin(), layout.end(), [&](const ViewGroup& g) { return g.name == need.group; });
    if (group == layout.end()) {
      if (need.at_least == 0) continue;
      std::vector<std::string> made;
      for (const ViewGroup& g : layout) made.push_back(fmt::format("\"{}\"", g.name));
      complain(fmt::format("views \"{}\"", need.group), fmt::format("{}", fmt::join(made, ", ")));
    }
    const std::string made = fmt::format("{}", group->count);
    if (group->count < need.at_least) complain(fmt::format("{} views \"{}\"", need.at_least, need.group), made);
    if (group->count > need.at_most) {
      complain(
          need.at_most == 0 ? fmt::format("no views \"{}\"", need.group) : fmt::format("at most {} views \"{}\"", need.at_most, need.group),
          made);
    }
    if (need.landmarks && !group->landmarks) complain(fmt::format("landmarks of the views \"{}\"", need.group), "none");
  }
}

}  // namespace lafs
