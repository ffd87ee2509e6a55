#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/assembly.h"
#include "lafs/error.h"

namespace lafs::test {

/// Offers an input contract and nothing else: for components that ask for no other.
class BareAssembly : public Assembly {
 public:
  InputContract contract;
  std::vector<std::string> notes;  ///< what components said

  const InputContract& input() const override { return contract; }
  std::shared_ptr<Backbone> backbone() override { throw Error("no backbone here"); }
  std::shared_ptr<Projector> projector(int64_t) override { throw Error("no projector here"); }
  std::shared_ptr<Head> head() override { throw Error("no head here"); }
  std::shared_ptr<const DataSource> data() override { throw Error("no data here"); }
  int64_t identities() const override { return 1; }
  int64_t images() const override { return 1; }
  int64_t rank_batch() const override { return 1; }
  int64_t accumulate() const override { return 1; }
  int64_t epochs() const override { return 1; }
  int64_t rank() const override { return 0; }
  int64_t world() const override { return 1; }
  std::vector<std::string> plugins_with(std::string_view, std::string_view) const override { return {}; }
  void note(const std::string& text) override { notes.push_back(text); }
};

}  // namespace lafs::test
