#include "kernel/data/training_pictures.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "imaging/decode.h"
#include "kernel/data/check_source.h"
#include "lafs/error.h"
#include "lafs/rng.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs {
namespace {

/// Pictures of one byte each, of which some cannot be read; three an identity.
class Spotted final : public DataSource {
 public:
  Spotted(int64_t size, std::set<int64_t> damaged) : size_(size), damaged_(std::move(damaged)) {}
  int64_t size() const override { return size_; }
  int64_t identities() const override { return (size_ + 2) / 3; }
  int64_t identity(int64_t index) const override { return index / 3; }
  std::string key(int64_t index) const override { return fmt::format("p/{}\t.jpg", index); }
  std::optional<int64_t> find(const std::string&) const override { return {}; }
  std::string fingerprint() const override { return "5b"; }
  Sample get(int64_t index) const override {
    check_index(index, size_);
    if (damaged_.contains(index)) throw Error(fmt::format("\"{}\": truncated JPEG", key(index)));
    return {imaging::image_of(1, 1, std::vector<uint8_t>(3, static_cast<uint8_t>(index))), identity(index), index, key(index), {}, 1};
  }

 private:
  int64_t size_;
  std::set<int64_t> damaged_;
};

class AsItIs final : public Augmentation {
 public:
  ViewLayout layout() const override { return {{"image", 1, 1, 1, false}}; }
  void views(const Sample& sample, Rng&, Views& out) const override { out.image(0, 0)[0] = sample.image.row(0)[0]; }
};

RunOptions skipping(int64_t limit = 100) {
  RunOptions run;
  run.damaged = "skip";
  run.damaged_limit = limit;
  return run;
}

/// What a run of so many batches of four is fed, row by row: labels and indices.
struct Fed {
  std::vector<int64_t> labels, indices;
  std::vector<std::string> keys, notes;
  int64_t damaged = 0;
};

Fed fed(const Spotted& source, const std::filesystem::path& folder, int64_t threads, int64_t first, int64_t end, int64_t limit = 100) {
  Fed out;
  const auto pictures = std::make_shared<TrainingPictures>(std::make_shared<Spotted>(source), skipping(limit), folder,
                                                           [&](const std::string& text) { out.notes.push_back(text); });
  LoaderOptions options;
  options.seed = 5;
  options.batch = 4;
  options.first = first;
  options.end = end;
  options.threads = threads;
  Loader loader(pictures, std::make_shared<AsItIs>(), {}, options, at::kCPU);
  for (int64_t micro = first; micro < end; ++micro) {
    const auto batch = pictures->counted(loader.next());
    const at::Tensor labels = batch->labels(), indices = batch->indices();
    for (int64_t row = 0; row < 4; ++row) {
      out.labels.push_back(labels[row].item<int64_t>());
      out.indices.push_back(indices[row].item<int64_t>());
    }
    out.keys.insert(out.keys.end(), batch->keys.begin(), batch->keys.end());
  }
  out.damaged = pictures->damaged();
  return out;
}

TEST_CASE("training pictures: in 100 generated sets the next whole picture stands in, for any number of threads and stops") {
  Rng rng(3);
  int64_t replaced = 0, sets = 0;
  for (int n = 0; n < 100; ++n) {
    const int64_t size = rng.integer(4, 30);
    std::set<int64_t> damaged;
    for (int64_t i = 0; i + 1 < size; ++i) {
      if (rng.integer(0, 4) == 0) damaged.insert(rng.integer(0, size));
    }
    if (static_cast<int64_t>(damaged.size()) == size) damaged.erase(damaged.begin());
    const Spotted source(size, damaged);
    const int64_t per_epoch = size / 4, batches = 2 * per_epoch;
    const test::ScratchFolder one, four, stopped;
    const Fed straight = fed(source, one.path(), 1, 0, batches), threads = fed(source, four.path(), 4, 0, batches);
    Fed parts = fed(source, stopped.path(), 2, 0, batches / 2);
    const Fed rest = fed(source, stopped.path(), 3, batches / 2, batches);
    parts.indices.insert(parts.indices.end(), rest.indices.begin(), rest.indices.end());
    CHECK(straight.indices == threads.indices);
    CHECK(straight.indices == parts.indices);
    CHECK(straight.damaged == rest.damaged);

    const Sampler sampler(5, size, 4);
    std::set<int64_t> met;
    for (size_t row = 0; row < straight.indices.size(); ++row) {
      int64_t wanted = sampler.index(static_cast<int64_t>(row / 4), static_cast<int64_t>(row % 4));
      for (; damaged.contains(wanted); wanted = (wanted + 1) % size, ++replaced) met.insert(wanted);
      CHECK(straight.indices[row] == wanted);
      CHECK(straight.labels[row] == wanted / 3);
      CHECK(straight.keys[row] == source.key(wanted));
    }
    CHECK(straight.damaged == static_cast<int64_t>(met.size()));
    CHECK(straight.notes.size() == met.size());
    const std::string list = test::read_bytes(one.path() / "damaged.tsv");
    CHECK(std::count(list.begin(), list.end(), '\n') == static_cast<int64_t>(met.size() + (met.empty() ? 0 : 1)));
    for (const int64_t index : met)
      CHECK(list.find(fmt::format("\np/{0}\\t.jpg\t\"p/{0}\\t.jpg\": truncated JPEG\tp/", index)) != std::string::npos);
    ++sets;
  }
  CHECK(sets == 100);
  CHECK(replaced > 300);
}

TEST_CASE("training pictures: beyond the limit the run ends, counted over its sessions") {
  const Spotted source(12, {1, 4, 7});
  {
    const test::ScratchFolder folder;
    CHECK(fed(source, folder.path(), 2, 0, 3, 3).damaged == 3);
    CHECK(fed(source, folder.path(), 2, 3, 6, 3).damaged == 3);
    CHECK_THROWS_AS(fed(source, folder.path(), 2, 0, 3, 2).damaged, Error);  // listed before: met again, and not new
  }
  const test::ScratchFolder folder;
  std::string text;
  try {
    fed(source, folder.path(), 3, 0, 3, 2);
  } catch (const Error& error) {
    text = error.what();
  }
  CHECK(text == fmt::format("3 damaged pictures, more than [run] damaged_limit = 2 allows; they are listed in \"{}\"",
                            (folder.path() / "damaged.tsv").string()));
  const test::ScratchFolder other;
  try {
    fed(Spotted(8, {0, 1, 2, 3, 4, 5, 6, 7}), other.path(), 1, 0, 2);
    FAIL("nothing can be read");
  } catch (const Error& error) {
    text = error.what();  // of whichever picture of the first batch was tried last
  }
  CHECK_MESSAGE(text.starts_with("no picture can be read; the last: \"p/"), text);
  CHECK_MESSAGE(text.ends_with("\t.jpg\": truncated JPEG"), text);
}

TEST_CASE("training pictures: unless they are to be skipped, a damaged one ends the run with the ways on") {
  const TrainingPictures pictures(std::make_shared<Spotted>(5, std::set<int64_t>{2}), RunOptions(), "/nowhere", [](const std::string&) {});
  CHECK(pictures.get(1).index == 1);
  CHECK_THROWS_WITH_AS(pictures.get(2),
                       "\"p/2\t.jpg\": truncated JPEG\nto go on, repair or remove it and say so with --accept-data REASON, or leave such "
                       "pictures out with --set run.damaged=skip; `lafs data check` finds all of them",
                       Error);
}

TEST_CASE("check_source: in 100 generated sets every damaged picture and every identity without a whole one is found") {
  Rng rng(4);
  int64_t found = 0, lost = 0;
  for (int n = 0; n < 100; ++n) {
    const int64_t size = rng.integer(1, 40);
    std::set<int64_t> damaged;
    for (int64_t i = 0; i < size; ++i) {
      if (rng.integer(0, 3) == 0) damaged.insert(i);
    }
    const Spotted source(size, damaged);
    int64_t last = -1;
    const SourceCheck check = check_source(source, rng.integer(1, 5), [&](int64_t done) {
      CHECK(done > last);
      last = done;
      return true;
    });
    CHECK(last == size);
    CHECK(check.checked == size);
    std::set<int64_t> seen;
    for (const DamagedPicture& picture : check.damaged) {
      seen.insert(picture.index);
      CHECK(picture.key == source.key(picture.index));
      CHECK(damage_text(picture) == fmt::format("\"{}\": truncated JPEG", picture.key));
    }
    CHECK(seen == damaged);
    std::set<int64_t> without;
    for (const LostIdentity& one : check.lost) {
      without.insert(one.identity);
      CHECK(one.first == source.key(3 * one.identity));
    }
    for (int64_t identity = 0; identity < source.identities(); ++identity) {
      bool whole = false;
      for (int64_t i = 3 * identity; i < std::min(size, 3 * identity + 3); ++i) whole |= !damaged.contains(i);
      CHECK(without.contains(identity) == !whole);
    }
    CHECK(check.whole() == damaged.empty());
    found += static_cast<int64_t>(seen.size());
    lost += static_cast<int64_t>(without.size());
  }
  CHECK(found > 400);
  CHECK(lost > 10);
}

TEST_CASE("check_source: it stops when it is told to") {
  const SourceCheck check = check_source(Spotted(1000, {0}), 2, [](int64_t done) { return done < 10; });
  CHECK(check.checked == 10);
}

}  // namespace
}  // namespace lafs
