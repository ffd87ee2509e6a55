#include "kernel/data/loader.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <set>

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {
namespace {

/// Pictures of one colour each; picture `damaged` cannot be read.
class Colours final : public DataSource {
 public:
  explicit Colours(int64_t size, int64_t damaged = -1) : size_(size), damaged_(damaged) {}
  int64_t size() const override { return size_; }
  int64_t identities() const override { return 3; }
  Sample get(int64_t index) const override {
    if (index == damaged_) throw Error(fmt::format("\"{}\": truncated JPEG", key(index)));
    std::shared_ptr<uint8_t[]> bytes(new uint8_t[12]);
    std::fill_n(bytes.get(), 12, static_cast<uint8_t>(index));
    Sample sample;
    sample.image = {2, 2, std::shared_ptr<const uint8_t>(bytes, bytes.get())};
    sample.identity = identity(index);
    sample.index = index;
    sample.key = key(index);
    sample.landmarks = {static_cast<float>(index), 0.5f};
    return sample;
  }
  int64_t identity(int64_t index) const override { return index % 3; }
  std::string key(int64_t index) const override { return fmt::format("picture {}", index); }
  std::optional<int64_t> find(const std::string&) const override { return {}; }
  std::string fingerprint() const override { return "colours"; }

 private:
  int64_t size_, damaged_;
};

/// Two groups of 2 x 2 views, with chance in the bytes; counts the pictures it has seen.
class Speckled final : public Augmentation {
 public:
  ViewLayout layout() const override { return {{"global", 2, 2, 2, true}, {"local", 1, 2, 2, false}}; }
  void views(const Sample& sample, Rng& rng, Views& out) const override {
    ++seen;
    for (size_t group = 0; group < 2; ++group) {
      for (int64_t view = 0; view < (group == 0 ? 2 : 1); ++view) {
        const std::span<uint8_t> bytes = out.image(group, view);
        for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = i == 0 ? sample.image.row(0)[0] : static_cast<uint8_t>(rng.bits());
      }
    }
    for (int64_t view = 0; view < 2; ++view) out.landmarks(0, view, sample.landmarks);
  }
  mutable std::atomic<int64_t> seen{0};
};

/// The network sees the bytes themselves, divided by 255.
InputContract plain() {
  InputContract input;
  input.mean = {0, 0, 0};
  input.std = {1, 1, 1};
  return input;
}

LoaderOptions options(int64_t threads, int64_t end = 6) {
  LoaderOptions out;
  out.seed = 11;
  out.batch = 4;
  out.end = end;
  out.threads = threads;
  out.prefetch = 2;
  return out;
}

Loader loader(const LoaderOptions& wanted, int64_t damaged = -1) {
  return {std::make_shared<Colours>(14, damaged), std::make_shared<Speckled>(), plain(), wanted, at::kCPU};
}

TEST_CASE("sampler: an epoch holds each picture at most once, and epochs are ordered apart") {
  const Sampler sampler(11, 14, 4);
  CHECK(sampler.batches_per_epoch() == 3);
  std::vector<std::vector<int64_t>> epochs(2);
  for (int64_t micro = 0; micro < 6; ++micro) {
    CHECK(sampler.epoch_of(micro) == micro / 3);
    for (int64_t row = 0; row < 4; ++row) epochs[static_cast<size_t>(micro / 3)].push_back(sampler.index(micro, row));
  }
  for (const auto& epoch : epochs) {
    CHECK(std::set<int64_t>(epoch.begin(), epoch.end()).size() == 12);
    CHECK(*std::min_element(epoch.begin(), epoch.end()) >= 0);
    CHECK(*std::max_element(epoch.begin(), epoch.end()) < 14);
  }
  CHECK(epochs[0] != epochs[1]);
}

TEST_CASE("sampler: without a tail an epoch is a permutation") {
  const Sampler sampler(1, 12, 3);
  std::set<int64_t> seen;
  for (int64_t micro = 4; micro < 8; ++micro) {
    for (int64_t row = 0; row < 3; ++row) seen.insert(sampler.index(micro, row));
  }
  CHECK(seen.size() == 12);
}

TEST_CASE("sampler: keys of chance follow seed, epoch and position") {
  const Sampler sampler(1, 12, 3), other(2, 12, 3);
  std::set<uint64_t> keys;
  for (int64_t micro = 0; micro < 8; ++micro) {
    for (int64_t row = 0; row < 3; ++row) keys.insert({sampler.augmentation_key(micro, row), other.augmentation_key(micro, row)});
  }
  CHECK(keys.size() == 48);
  CHECK(sampler.augmentation_key(1, 0) == Sampler(1, 12, 1).augmentation_key(3, 0));
}

TEST_CASE("sampler: a batch larger than the data is an error with both numbers") {
  CHECK_THROWS_WITH_AS(Sampler(1, 5, 6), "[run] batch = 6 is larger than the training data, which has 5 images", Error);
}

TEST_CASE("loader: labels, keys, positions and pictures belong together") {
  Loader one = loader(options(2));
  const Sampler sampler(11, 14, 4);
  for (int64_t micro = 0; micro < 6; ++micro) {
    const auto batch = one.next();
    CHECK(batch->size() == 4);
    CHECK(batch->micro == micro);
    CHECK(batch->epoch == micro / 3);
    CHECK(batch->views("global").sizes() == at::IntArrayRef({2, 4, 3, 2, 2}));
    CHECK(batch->views("local").sizes() == at::IntArrayRef({1, 4, 3, 2, 2}));
    CHECK(batch->landmarks("global").sizes() == at::IntArrayRef({2, 4, 1, 2}));
    for (int64_t row = 0; row < 4; ++row) {
      const int64_t index = sampler.index(micro, row);
      CHECK(batch->indices()[row].item<int64_t>() == index);
      CHECK(batch->positions()[row].item<int64_t>() == sampler.position(micro, row));
      CHECK(batch->labels()[row].item<int64_t>() == index % 3);
      CHECK(batch->keys[static_cast<size_t>(row)] == fmt::format("picture {}", index));
      CHECK(std::lround(255 * batch->views("local")[0][row][0][0][0].item<double>()) == index);
      CHECK(batch->landmarks("global")[1][row][0][0].item<int64_t>() == index);
    }
  }
  CHECK_THROWS_WITH_AS(one.next(), "the loader has no more batches", Error);
}

TEST_CASE("loader: one thread and four give the same bytes") {
  Loader one = loader(options(1)), four = loader(options(4));
  for (int64_t micro = 0; micro < 6; ++micro) {
    const auto a = one.next(), b = four.next();
    CHECK(at::equal(a->views("global"), b->views("global")));
    CHECK(at::equal(a->views("local"), b->views("local")));
    CHECK(at::equal(a->landmarks("global"), b->landmarks("global")));
    CHECK(at::equal(a->indices(), b->indices()));
  }
}

TEST_CASE("loader: beginning in the middle gives what a loader from the start gives there") {
  LoaderOptions late = options(3);
  late.first = 4;
  Loader whole = loader(options(2)), rest = loader(late);
  for (int64_t micro = 0; micro < 4; ++micro) whole.next();
  for (int64_t micro = 4; micro < 6; ++micro) CHECK(at::equal(whole.next()->views("global"), rest.next()->views("global")));
}

TEST_CASE("loader: what is not in the batch is named") {
  Loader one = loader(options(1));
  const auto batch = one.next();
  CHECK(batch->has("local"));
  CHECK(!batch->has("image"));
  CHECK_THROWS_WITH_AS(batch->views("image"), "the batch has no views \"image\"", Error);
  CHECK_THROWS_WITH_AS(batch->landmarks("local"), "the views \"local\" carry no landmarks", Error);
}

/// Landmarks as a careless augmentation gives them.
class Careless final : public Augmentation {
 public:
  Careless(int64_t view, size_t numbers) : view_(view), numbers_(numbers) {}
  ViewLayout layout() const override { return {{"global", 1, 2, 2, true}, {"local", 1, 2, 2, false}}; }
  void views(const Sample&, Rng&, Views& out) const override { out.landmarks(0, view_, std::vector<float>(numbers_, 1)); }

 private:
  int64_t view_;
  size_t numbers_;
};

TEST_CASE("loader: landmarks that are no pairs, or of no view, are an error and no memory of others") {
  const auto first = [](int64_t view, size_t numbers) {
    Loader(std::make_shared<Colours>(14, -1), std::make_shared<Careless>(view, numbers), plain(), options(1), at::kCPU).next();
  };
  CHECK_NOTHROW(first(0, 4));
  CHECK_THROWS_WITH_AS(first(0, 3), doctest::Contains("view 0 of group \"global\" has 3 numbers for landmarks, not pairs"), Error);
  CHECK_THROWS_WITH_AS(first(1, 4), doctest::Contains("view 1 of group \"global\" is not in the layout"), Error);
}

TEST_CASE("loader: an unreadable picture stops the run at its batch, not before") {
  const Sampler sampler(11, 14, 4);
  const int64_t damaged = sampler.index(2, 1);
  for (const int64_t threads : {1, 4}) {
    Loader one = loader(options(threads), damaged);
    CHECK_NOTHROW(one.next());
    CHECK_NOTHROW(one.next());
    CHECK_THROWS_WITH_AS(one.next(), fmt::format("\"picture {}\": truncated JPEG", damaged).c_str(), Error);
  }
}

TEST_CASE("loader: never more than `prefetch` batches are in flight") {
  const auto speckled = std::make_shared<Speckled>();
  LoaderOptions wanted = options(4, 300);
  Loader one(std::make_shared<Colours>(14), speckled, plain(), wanted, at::kCPU);
  for (int64_t taken = 1; taken <= 300; ++taken) {
    one.next();
    CHECK(speckled->seen.load() <= (taken + wanted.prefetch) * wanted.batch);
  }
  CHECK(speckled->seen.load() == 1200);
}

TEST_CASE("loader: it may be dropped with batches in flight") {
  for (int repeat = 0; repeat < 20; ++repeat) {
    Loader one = loader(options(4, 300));
    if (repeat % 2) one.next();
  }
}

}  // namespace
}  // namespace lafs
