#pragma once
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "conformance/findings.h"
#include "conformance/threads.h"
#include "kernel/recipe.h"
#include "kernel/registry.h"
#include "lafs/augmentation.h"

namespace lafs::conformance {

/// The slots of one picture, filled with a pattern before the augmentation writes.
class PatternViews final : public Views {
 public:
  PatternViews(const ViewLayout& layout, uint8_t pattern) : layout_(layout) {
    for (const ViewGroup& group : layout) {
      for (int64_t i = 0; i < group.count; ++i) {
        images.emplace_back(static_cast<size_t>(group.height * group.width * 3), pattern);
        points.emplace_back();
      }
    }
  }
  std::span<uint8_t> image(size_t group, int64_t index) override { return images.at(slot(group, index)); }
  void landmarks(size_t group, int64_t index, std::span<const float> xy) override {
    points.at(slot(group, index)).assign(xy.begin(), xy.end());
  }

  std::vector<std::vector<uint8_t>> images;  ///< group by group
  std::vector<std::vector<float>> points;

 private:
  size_t slot(size_t group, int64_t index) const {
    size_t before = 0;
    for (size_t g = 0; g < group; ++g) before += static_cast<size_t>(layout_.at(g).count);
    return before + static_cast<size_t>(index);
  }

  ViewLayout layout_;
};

/// A picture of gradients and stripes with five landmarks.
inline Sample drawn_sample(int64_t height, int64_t width) {
  std::shared_ptr<uint8_t> bytes(new uint8_t[static_cast<size_t>(height * width * 3)], std::default_delete<uint8_t[]>());
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      uint8_t* rgb = bytes.get() + (y * width + x) * 3;
      rgb[0] = static_cast<uint8_t>(255 * x / width);
      rgb[1] = static_cast<uint8_t>(255 * y / height);
      rgb[2] = static_cast<uint8_t>((x / 5 + y / 7) % 2 ? 200 : 40);
    }
  }
  Sample sample;
  sample.image = {height, width, bytes};
  sample.key = "drawn";
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  sample.landmarks = {0.35f * w, 0.4f * h, 0.65f * w, 0.4f * h, 0.5f * w, 0.6f * h, 0.4f * w, 0.75f * h, 0.6f * w, 0.75f * h};
  return sample;
}

/// The promises of augmentation.h.
class AugmentationSuite {
 public:
  AugmentationSuite(std::shared_ptr<const Augmentation> augmentation, Findings& findings)
      : augmentation_(std::move(augmentation)), layout_(augmentation_->layout()), findings_(findings) {}

  void run() {
    layout();
    const Sample square = drawn_sample(112, 112);
    findings_.guard("views", [&] { views(square, "a picture of the contract's size"); });
    findings_.guard("views of another size", [&] {
      views(drawn_sample(90, 150), "a picture of 90 x 150");
      views(drawn_sample(40, 31), "a picture of 40 x 31");
    });
    findings_.guard("threads", [&] { threads(square); });
  }

 private:
  void layout() {
    findings_.expect(layout_ == augmentation_->layout(), "the layout is stable", "two calls differ");
    findings_.expect(!layout_.empty(), "there is a group of views", "the layout is empty");
    std::set<std::string> names;
    for (const ViewGroup& group : layout_) {
      findings_.expect(!group.name.empty() && names.insert(group.name).second, "groups have names of their own", group.name);
      findings_.expect(group.count > 0 && group.height > 0 && group.width > 0, "a group has views of a size", group.name);
    }
  }

  PatternViews made(const Sample& sample, uint64_t key, uint8_t pattern) const {
    PatternViews out(layout_, pattern);
    Rng rng(key);
    augmentation_->views(sample, rng, out);
    return out;
  }

  void views(const Sample& sample, const std::string& where) {
    for (uint64_t key = 1; key <= 12; ++key) {
      const PatternViews dark = made(sample, key, 0x00), light = made(sample, key, 0xa5);
      const std::string what = fmt::format("{}, key {}", where, key);
      findings_.expect(dark.images == light.images, "every byte of a view is written, and follows from the key", what);
      findings_.expect(dark.points == light.points, "landmarks follow from the key", what);
      landmarks(sample, dark, what);
    }
    made(drawn_sample(64, 64), 99, 0);
    findings_.expect(made(sample, 1, 0).images == made(sample, 1, 0).images, "another picture in between changes nothing", where);
  }

  void landmarks(const Sample& sample, const PatternViews& views, const std::string& what) {
    size_t slot = 0;
    for (const ViewGroup& group : layout_) {
      for (int64_t i = 0; i < group.count; ++i, ++slot) {
        const size_t wanted = group.landmarks ? sample.landmarks.size() : 0;
        findings_.expect(views.points[slot].size() == wanted, "views carry as many landmarks as the picture, where the layout says so",
                         fmt::format("{}: {} numbers in group \"{}\", not {}", what, views.points[slot].size(), group.name, wanted));
      }
    }
  }

  void threads(const Sample& sample) {
    std::vector<PatternViews> alone;
    for (uint64_t key = 0; key < 8; ++key) alone.push_back(made(sample, key, 0));
    const auto complaints = in_threads(8, [&](int thread) -> std::string {
      for (uint64_t i = 0; i < 16; ++i) {
        const uint64_t key = (i + static_cast<uint64_t>(thread)) % 8;
        if (made(sample, key, 0xff).images != alone[key].images) return fmt::format("key {} differs", key);
      }
      return "";
    });
    for (const std::string& complaint : complaints) findings_.add("any thread may ask for views", complaint);
  }

  std::shared_ptr<const Augmentation> augmentation_;
  ViewLayout layout_;
  Findings& findings_;
};

inline void conform_augmentation(const RegistryEntry&, const Use<Augmentation>& use, Findings& findings) {
  AugmentationSuite(use.make(InputContract()), findings).run();
}

}  // namespace lafs::conformance
