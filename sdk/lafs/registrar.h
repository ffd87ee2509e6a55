#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lafs/params.h"

namespace lafs {

class Attentive;
class DataSource;
class InferenceOnly;
class Landmarked;
class LandmarkedEmbedding;
class Layered;
class Masked;
class Prototypes;
class RowOptimizer;
class StartsRandom;
class Tokenised;

/// One plugin of one kind, as the registry keeps it.
struct Registration {
  std::string kind, name, doc;
  int64_t revision = 1;                        ///< raised when the plugin's numbers change
  std::shared_ptr<const Configured> defaults;  ///< copied for each use
  std::vector<std::string> capabilities;       ///< interfaces beside its kind's, by the names in `Registrar::add`
};

/// Handed to `lafs_plugin`, which the host calls once, when it loads the library: the only way into the registry. Nothing else of a plugin
/// runs before a recipe names it. [main thread]
///
///     class Dino final : public torch::nn::Module, public lafs::Objective {
///      public:
///       struct Options {
///         double momentum = 0.996;
///         void declare(lafs::Params& p) { p("momentum", momentum, lafs::in(0, 1), "of the teacher, in each step"); }
///       };
///       Dino(const Options& options, lafs::Assembly& assembly);  // what `Objective::Factory` receives comes behind the options
///       ...
///     };
///
///     LAFS_PLUGIN(registrar) { registrar.add<Dino>("dino", "self-distillation with a centred teacher"); }
///
/// Options are declared and checked whenever a recipe is read; the component is made only when a command needs it, maybe several times.
class Registrar {
 public:
  virtual ~Registrar() = default;

  /// Registers T, which derives from its kind's interface, has a default-constructible `Options` with `declare(Params&)`,
  /// and is constructed from (options, what the kind's factory receives...). `doc` is one sentence for `lafs describe`; raise `revision`
  /// whenever the plugin's numbers change, so that finished runs of older ones are not taken for its own.
  template <typename T>
  void add(std::string_view name, std::string_view doc, int64_t revision = 1);

 protected:
  virtual void put(Registration registration) = 0;
};

namespace detail {

template <typename T, typename Factory>
struct Maker;

template <typename T, typename Kind, typename... Args>
struct Maker<T, std::function<std::shared_ptr<Kind>(Args...)>> {
  using Factory = std::function<std::shared_ptr<Kind>(Args...)>;
  static Factory of(const typename T::Options* options) {
    return [options](Args... args) -> std::shared_ptr<Kind> { return std::make_shared<T>(*options, std::forward<Args>(args)...); };
  }
};

template <typename T>
class ConfiguredOf final : public Configured {
 public:
  ConfiguredOf() : factory_(Maker<T, typename T::Factory>::of(&options_)) {}
  ConfiguredOf(const ConfiguredOf& other) : options_(other.options_), factory_(Maker<T, typename T::Factory>::of(&options_)) {}
  void declare(Params& p) override { options_.declare(p); }
  std::unique_ptr<Configured> copy() const override { return std::make_unique<ConfiguredOf>(*this); }
  const void* factory() const override { return &factory_; }
  bool write_example(const DataSource& pictures) const override {
    if constexpr (requires { T::write_example(options_, pictures); }) return T::write_example(options_, pictures);
    return (void)pictures, false;
  }

 private:
  typename T::Options options_;
  typename T::Factory factory_;
};

}  // namespace detail

template <typename T>
void Registrar::add(std::string_view name, std::string_view doc, int64_t revision) {
  std::vector<std::string> capabilities;
  if constexpr (std::is_base_of_v<Tokenised, T>) capabilities.emplace_back("tokens");
  if constexpr (std::is_base_of_v<Masked, T>) capabilities.emplace_back("masks");
  if constexpr (std::is_base_of_v<Landmarked, T>) capabilities.emplace_back("landmarks");
  if constexpr (std::is_base_of_v<LandmarkedEmbedding, T>) capabilities.emplace_back("landmarked_embedding");
  if constexpr (std::is_base_of_v<Attentive, T>) capabilities.emplace_back("attention");
  if constexpr (std::is_base_of_v<Layered, T>) capabilities.emplace_back("layers");
  if constexpr (std::is_base_of_v<InferenceOnly, T>) capabilities.emplace_back("inference_only");
  if constexpr (std::is_base_of_v<StartsRandom, T>) capabilities.emplace_back("random_start");
  if constexpr (std::is_base_of_v<Prototypes, T>) capabilities.emplace_back("prototypes");
  if constexpr (std::is_base_of_v<RowOptimizer, T>) capabilities.emplace_back("rows");
  put({std::string(T::kind), std::string(name), std::string(doc), revision, std::make_shared<detail::ConfiguredOf<T>>(), capabilities});
}

}  // namespace lafs
