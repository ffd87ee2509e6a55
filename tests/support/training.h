#pragma once
/// What an objective needs to be called without a runner: assembly, batch, step and draws made by hand.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "kernel/ranks/solo_collective.h"
#include "lafs/assembly.h"
#include "lafs/backbone.h"
#include "lafs/batch.h"
#include "lafs/data_source.h"
#include "lafs/error.h"
#include "lafs/head.h"
#include "lafs/objective.h"
#include "lafs/optimizer.h"
#include "lafs/projector.h"
#include "lafs/rng.h"
#include "lafs/step.h"
#include "support/front_door.h"

namespace lafs::test {

/// A recipe of backbone, head and projector.
class HandAssembly final : public Assembly {
 public:
  InputContract contract;
  Use<Backbone> backbone_use;
  Use<Head> head_use;
  Use<Projector> projector_use;
  int64_t identity_count = 7, epoch_count = 100;
  std::vector<std::string> notes;

  const InputContract& input() const override { return contract; }
  std::shared_ptr<Backbone> backbone() override { return backbone_use.make(contract); }
  std::shared_ptr<Projector> projector(int64_t input_width) override { return projector_use.make(input_width); }
  std::shared_ptr<Head> head() override { return head_use.make(identity_count); }
  std::shared_ptr<const DataSource> data() override { throw Error("no data here"); }
  int64_t identities() const override { return identity_count; }
  int64_t images() const override { return 1000; }
  int64_t rank_batch() const override { return 4; }
  int64_t accumulate() const override { return 1; }
  int64_t epochs() const override { return epoch_count; }
  int64_t rank() const override { return 0; }
  int64_t world() const override { return 1; }
  std::vector<std::string> plugins_with(std::string_view kind, std::string_view capability) const override {
    return registry().with_capability(kind, capability);
  }
  void note(const std::string& text) override { notes.push_back(text); }
};

class HandBatch final : public Batch {
 public:
  std::map<std::string, at::Tensor, std::less<>> groups;  ///< [V,B,3,H,W]
  at::Tensor identities;                                  ///< [B]

  int64_t size() const override { return identities.size(0); }
  bool has(std::string_view group) const override { return groups.find(group) != groups.end(); }
  at::Tensor views(std::string_view group) const override {
    if (!has(group)) throw Error("the batch has no such group");
    return groups.find(group)->second;
  }
  at::Tensor landmarks(std::string_view) const override { throw Error("the batch has no landmarks"); }
  at::Tensor labels() const override { return identities; }
  at::Tensor positions() const override { return torch::arange(size(), at::kLong); }
  at::Tensor indices() const override { return torch::arange(size(), at::kLong); }
};

class Remembering final : public Reporter {
 public:
  std::map<std::string, double, std::less<>> values;
  std::vector<std::string> notes;
  void note(std::string_view text) override { notes.emplace_back(text); }
  void value(std::string_view name, double value) override { values[std::string(name)] = value; }
  void value(std::string_view name, const at::Tensor& scalar) override { values[std::string(name)] = scalar.item<double>(); }
};

/// Draws keyed by (path of scopes, stream, row); what was asked for is listed in `asked`.
class HandDraws final : public Draws {
 public:
  explicit HandDraws(std::vector<int64_t> rows, uint64_t key = 1, std::shared_ptr<std::vector<std::string>> asked_before = nullptr,
                     std::string path = "")
      : asked(asked_before ? std::move(asked_before) : std::make_shared<std::vector<std::string>>()),
        rows_(std::move(rows)),
        key_(key),
        path_(std::move(path)) {}
  std::shared_ptr<std::vector<std::string>> asked;

  int64_t rows() const override { return static_cast<int64_t>(rows_.size()); }
  at::Tensor uniform(std::string_view stream, const Shape& shape) const override {
    return filled(stream, shape, [](Rng& rng) { return rng.uniform(); });
  }
  at::Tensor normal(std::string_view stream, const Shape& shape) const override {
    return filled(stream, shape, [](Rng& rng) { return rng.normal(); });
  }
  at::Tensor integers(std::string_view stream, int64_t below, const Shape& shape) const override {
    return filled(stream, shape, [below](Rng& rng) { return static_cast<double>(rng.integer(0, below)); }).to(at::kLong);
  }
  at::Tensor permutations(std::string_view stream, int64_t size) const override { return std::get<1>(uniform(stream, {size}).sort(1)); }
  at::Tensor keep_mask(std::string_view stream, double keep, const Shape& shape) const override {
    return filled(stream, shape, [keep](Rng& rng) { return rng.coin(keep) ? 1 / keep : 0.0; });
  }
  uint64_t batch_key(std::string_view stream) const override { return fold(key_, key_of(path_ + std::string(stream))); }
  std::shared_ptr<const Draws> scope(std::string_view name) const override {
    return std::make_shared<HandDraws>(rows_, key_, asked, path_ + std::string(name) + "/");
  }
  std::shared_ptr<const Draws> views(int64_t count, int64_t first) const override {
    std::vector<int64_t> rows;
    for (int64_t v = 0; v < count; ++v) {
      for (const int64_t row : rows_) rows.push_back(row * 1000 + first + v);
    }
    return std::make_shared<HandDraws>(rows, key_, asked, path_);
  }

 private:
  template <typename Draw>
  at::Tensor filled(std::string_view stream, const Shape& shape, Draw draw) const {
    asked->push_back(path_ + std::string(stream));
    Shape sizes{rows()};
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    at::Tensor out = at::empty(sizes, at::kFloat);
    const int64_t width = rows() > 0 ? out.numel() / rows() : 0;
    auto* data = out.mutable_data_ptr<float>();
    for (size_t r = 0; r < rows_.size(); ++r) {
      Rng rng = Rng(fold(key_, key_of(path_ + std::string(stream)))).fork(static_cast<uint64_t>(rows_[r]));
      for (int64_t i = 0; i < width; ++i) data[static_cast<int64_t>(r) * width + i] = static_cast<float>(draw(rng));
    }
    return out;
  }

  std::vector<int64_t> rows_;
  uint64_t key_;
  std::string path_;
};

/// A group whose lr and decay a test sets.
class HandGroup final : public ParameterGroup {
 public:
  std::vector<std::string> named;
  std::vector<at::Tensor> tensors;
  double rate = 0, decay = 0;

  const std::vector<std::string>& names() const override { return named; }
  const std::vector<at::Tensor>& parameters() const override { return tensors; }
  double lr() const override { return rate; }
  double weight_decay() const override { return decay; }
};

/// Everything a step refers to.
struct HandStep {
  SoloCollective collective;
  Remembering reporter;
  Step step{{}, 0, 1, nullptr, collective, reporter};
};

}  // namespace lafs::test
