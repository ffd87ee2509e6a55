#include "kernel/evaluate/listed_pictures.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "fakes.h"

namespace lafs::test {
namespace {

/// Asks features of two sources.
class AsksTwo final : public Evaluator {
 public:
  AsksTwo(std::shared_ptr<const DataSource> first, std::shared_ptr<const DataSource> second)
      : sources_{std::move(first), std::move(second)} {}
  std::vector<FeatureRequest> requests() const override {
    return {{.name = "first", .source = sources_[0]}, {.name = "second", .source = sources_[1]}};
  }

 private:
  std::shared_ptr<const DataSource> sources_[2];
};

struct Listed {
  std::shared_ptr<FakeSource> few = std::make_shared<FakeSource>(3), many = std::make_shared<FakeSource>(9, 16);
  NamedEvaluators evaluators{{"other", std::make_shared<Evaluator>()}, {"lfw", std::make_shared<AsksTwo>(few, many)}};
  InputContract input{.height = 8, .width = 8};

  std::vector<ListedPictures> of(std::vector<RankedItem> items, int64_t most = 10) const {
    NamedMetrics named{"lfw", {}, 0};
    named.metrics.lists = {{"false accepts", std::move(items)}, {"no pictures", {{"pair 1", 0.5}}}};
    return listed_pictures(evaluators, {named}, input, most);
  }
};

TEST_CASE("listed pictures: by key, of every source, at the size of the input") {
  const Listed listed;
  const auto lists = listed.of({{"pair 7: a b", 0.75, {"face_2.png", "face_8.png"}}});
  REQUIRE(lists.size() == 1);
  CHECK(lists[0].evaluator == "lfw");
  CHECK(lists[0].list == "false accepts");
  REQUIRE(lists[0].items.size() == 1);
  const auto& [item, pictures] = lists[0].items[0];
  CHECK(item.what == "pair 7: a b");
  CHECK(item.score == 0.75);
  REQUIRE(pictures.size() == 2);
  const Image whole = listed.few->get(2).image;
  CHECK(std::equal(pictures[0].bytes.get(), pictures[0].bytes.get() + pictures[0].size(), whole.bytes.get()));
  CHECK(pictures[1].height == 8);  // 16 in its source
  CHECK(pictures[1].width == 8);
}

TEST_CASE("listed pictures: items whose pictures are gone make room for others, at most as many as asked for") {
  const Listed listed;
  listed.few->broken = 1;
  const auto lists = listed.of({{"gone", 4, {"face_0.png", "face_77.png"}},
                                {"broken", 3, {"face_1.png"}},
                                {"whole", 2, {"face_0.png"}},
                                {"last", 1, {"face_2.png"}}},
                               1);
  REQUIRE(lists.size() == 1);
  REQUIRE(lists[0].items.size() == 1);
  CHECK(lists[0].items[0].item.what == "whole");
  CHECK(listed.of({{"gone", 4, {"face_77.png"}}}).empty());
}

}  // namespace
}  // namespace lafs::test
