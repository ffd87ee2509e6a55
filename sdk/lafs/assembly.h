#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/input.h"

namespace lafs {

class Backbone;
class DataSource;
class Head;
class Projector;

/// What a recipe offers to the component that is being made. Each call makes a fresh instance. Not to be kept: it may be gone once
/// the component is made. A data source may only hand it on to the sources nested in it (`Use::make(assembly)`). [main thread]
class Assembly {
 public:
  virtual ~Assembly() = default;
  virtual const InputContract& input() const = 0;
  virtual std::shared_ptr<Backbone> backbone() = 0;                       ///< of `[backbone]`; throws Error when the recipe has none
  virtual std::shared_ptr<Projector> projector(int64_t input_width) = 0;  ///< of `[projector]`
  virtual std::shared_ptr<Head> head() = 0;                               ///< of `[head]`, for identities()
  virtual std::shared_ptr<const DataSource> data() = 0;                   ///< of `[data_source]`; throws Error where no data may be opened
  virtual int64_t identities() const = 0;                                 ///< of the training data
  virtual int64_t images() const = 0;                                     ///< of the training data
  virtual int64_t rank_batch() const = 0;                                 ///< rows of a micro-batch on this rank
  virtual int64_t accumulate() const = 0;                                 ///< micro-batches of an optimizer step
  virtual int64_t epochs() const = 0;                                     ///< of the run, one that is cut short included
  virtual int64_t rank() const = 0;
  virtual int64_t world() const = 0;
  /// Names of the plugins of a kind that have a capability (`Registration::capabilities`), for errors that suggest one; sorted.
  virtual std::vector<std::string> plugins_with(std::string_view kind, std::string_view capability) const = 0;
  /// Whether an `[[init]]` puts weights into this part of the objective's tree, or into a part that it lies in. Where that is not known:
  /// true.
  virtual bool loads(std::string_view) const { return true; }
  /// A sentence for the run's log.
  virtual void note(const std::string& text) = 0;
};

}  // namespace lafs
