#include <algorithm>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <torch/types.h>

#include "kernel/train/draws.h"
#include "lafs/error.h"
#include "nn/layers/forwarding_draws.h"
#include "nn/loss/classifier.h"
#include "support/front_door.h"
#include "support/golden.h"
#include "support/thread_ranks.h"

// Partial FC on several ranks (golden README, set 6): loss 1e-3, gradients 2e-4 of the largest, positions and shards exactly.
TEST_SUITE("pfc") {
  namespace {  // suites of several files share a name of doctest's making
  using namespace lafs;

  /// The sources' combined margin where it takes its last form, a subtrahend, with inter-class filtering (heads.md 3.2).
  class FilteredMargin final : public Head, public Margin, public ChangesNegatives {
   public:
    FilteredMargin(double scale, double margin, double filter) : scale_(scale), margin_(margin), filter_(filter) {}
    double scale() const override { return scale_; }
    at::Tensor target(const TargetRows& rows, const Pass&) override { return rows.cosines - margin_; }
    at::Tensor negatives(const at::Tensor& cosines, const at::Tensor&, const Pass&) override {
      return cosines * (cosines.detach() <= filter_);
    }
    bool elementwise() const override { return true; }

   private:
    double scale_, margin_, filter_;
  };

  /// The head of a case; null for a case that nobody knows.
  std::shared_ptr<Head> head_of(const std::string& name, const nlohmann::json& settings, double scale, int64_t classes) {
    const auto margin = [&] { return fmt::format("scale = {}\nmargin = {}\n", scale, settings.at("m").get<double>()); };
    if (name.ends_with("_cosface")) return test::make<Head>("cosface", margin() + "clamp = true", classes);
    if (name.ends_with("_arcface")) return test::make<Head>("arcface", margin() + "formulation = \"straight_through\"", classes);
    if (!name.ends_with("_combined_filter") || settings.at("m3").get<double>() <= 0) return nullptr;
    return std::make_shared<FilteredMargin>(scale, settings.at("m3").get<double>(), settings.at("filter").get<double>());
  }

  /// Draws that play back the numbers of a rank.
  class Recorded final : public nn::ForwardingDraws, public BatchUniforms {
   public:
    Recorded(std::shared_ptr<const Draws> inner, at::Tensor numbers) : ForwardingDraws(std::move(inner)), numbers_(std::move(numbers)) {}
    at::Tensor batch_uniform(std::string_view, int64_t count) const override {
      if (!numbers_.defined() || numbers_.size(0) != count) throw Error(fmt::format("no {} numbers are recorded", count));
      return numbers_;
    }

   private:
    std::shared_ptr<const Draws> wrap(std::shared_ptr<const Draws> inner) const override {
      return std::make_shared<Recorded>(std::move(inner), numbers_);
    }
    at::Tensor numbers_;
  };

  struct RankResult {
    at::Tensor loss, embeddings, weight, sampled;
  };

  /// The golden files, and one case of them.
  struct Case {
    const nlohmann::json& settings;  ///< of all cases
    const test::Tensors& data;
    std::string name;
    double scale;

    at::Tensor of(int64_t rank, const char* what) const { return data.at(fmt::format("pfc.{}.rank{}.{}", name, rank, what)); }
    at::Tensor uniform(int64_t rank) const {
      const auto found = data.find(fmt::format("pfc.{}.rank{}.uniform", name, rank));
      return found == data.end() ? at::Tensor() : found->second;
    }

    RankResult run(Collective& ranks, RowUpdates rows) const {
      const int64_t rank = ranks.rank(), classes = settings.at("classes"), batch = settings.at("batch_per_rank");
      const auto head = head_of(name, settings.at("cases").at(name), scale, classes);
      nn::Classifier::Options options;
      options.classes = classes;
      options.width = data.at("pfc.weight").size(1);
      options.probability_floor = 1e-30;
      options.sampling.rate = settings.at("cases").at(name).at("rate");
      options.rows = rows;
      options.fuse_from = 0;
      options.rank = rank;
      options.world = ranks.world();
      nn::Classifier classifier(options);
      const Shard shard = classifier.shards().at(0);
      {
        const at::NoGradGuard no_grad;
        classifier.weight.copy_(data.at("pfc.weight").narrow(0, shard.offset, classifier.weight.size(0)));
      }
      const at::Tensor embedding = data.at("pfc.embeddings").narrow(0, rank * batch, batch).clone().requires_grad_(true);
      nn::Targets targets;
      targets.label_a = data.at("pfc.labels").narrow(0, rank * batch, batch);
      Pass pass{true, nullptr, &ranks};
      pass.draws =
          std::make_shared<Recorded>(keyed_draws(0, 0, 0, std::vector<int64_t>(static_cast<size_t>(batch)), at::kCPU), uniform(rank));
      const at::Tensor loss = classifier.loss(embedding, targets, *head, pass);
      loss.backward();
      const at::Tensor gradient = classifier.weight.grad();
      CHECK(gradient.is_sparse() == (rows != RowUpdates::none && options.sampling.on()));
      return {loss.detach().reshape({1}), embedding.grad(), gradient.is_sparse() ? gradient.to_dense() : gradient, classifier.sampled()};
    }
  };

  void compare(const Case& one, int64_t rank, const RankResult& ours) {
    CAPTURE(rank);
    const nlohmann::json& settings = one.settings;
    CHECK(test::max_error(ours.loss, one.of(rank, "loss")) < 1e-3);
    CHECK(test::relative_error(ours.embeddings, one.of(rank, "grad_embeddings")) < 2e-4);
    CHECK(test::relative_error(ours.weight, one.of(rank, "grad_weight_shard")) < 2e-4);
    const nn::ClassShard shard(settings.at("classes"), rank, settings.at("ranks"));
    nn::ClassSampling sampling;
    sampling.rate = settings.at("cases").at(one.name).at("rate");
    CHECK(at::equal(torch::tensor({shard.first, shard.count, sampling.of(shard.count)}), one.of(rank, "class_start")));
    if (!sampling.on()) {
      CHECK_FALSE(ours.sampled.defined());
      return;
    }
    REQUIRE(ours.sampled.defined());
    CHECK(at::equal(ours.sampled, one.of(rank, "sampled")));
  }

  TEST_CASE("pfc: loss, gradients and sampled classes of every case on its ranks") {
    if (!test::golden_ready("pfc", {"heads.json", "heads.safetensors"})) return;
    const auto all = test::golden_json("heads.json");
    const auto data = test::golden_tensors("heads.safetensors");
    const nlohmann::json& settings = all.at("pfc");
    const int64_t world = settings.at("ranks");
    REQUIRE(settings.at("cases").size() > 0);
    for (const auto& [name, entry] : settings.at("cases").items()) {
      CAPTURE(name);
      REQUIRE_MESSAGE(head_of(name, entry, 1, 2), "no head is known for this case");
      const Case one{settings, data, name, all.at("scale")};
      for (const RowUpdates rows : {RowUpdates::none, RowUpdates::counted_by_row}) {
        std::vector<RankResult> results(static_cast<size_t>(world));
        test::on_ranks(world, [&](Collective& ranks) { results[static_cast<size_t>(ranks.rank())] = one.run(ranks, rows); });
        for (int64_t rank = 0; rank < world; ++rank) compare(one, rank, results[static_cast<size_t>(rank)]);
      }
    }
  }
  }  // namespace
}
