#include "runner/conformance/suites.h"

#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kernel/recipe/recipe.h"
#include "kernel/registry/registry.h"
#include "lafs/augmentation.h"
#include "lafs/plain_views.h"
#include "runner/conformance/drawn.h"
#include "runner/conformance/findings.h"
#include "runner/conformance/threads.h"

namespace lafs::conformance {

namespace {

/// The promises of augmentation.h.
class AugmentationSuite {
 public:
  AugmentationSuite(std::shared_ptr<const Augmentation> augmentation, Findings& findings)
      : augmentation_(std::move(augmentation)), layout_(augmentation_->layout()), findings_(findings) {}

  void run() {
    layout();
    const Sample square = drawn_sample(112, 112);
    findings_.guard("a picture of the contract's size is taken", [&] { views(square, "a picture of the contract's size"); });
    findings_.guard("a picture of any size is taken", [&] {
      views(drawn_sample(90, 150), "a picture of 90 x 150");
      views(drawn_sample(40, 31), "a picture of 40 x 31");
    });
    findings_.guard("any thread may call views", [&] { threads(square); });
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

  PlainViews made(const Sample& sample, uint64_t key, uint8_t pattern) const {
    PlainViews out(layout_, pattern);
    Rng rng(key);
    augmentation_->views(sample, rng, out);
    return out;
  }

  void views(const Sample& sample, const std::string& where) {
    for (uint64_t key = 1; key <= 12; ++key) {
      const PlainViews dark = made(sample, key, 0x00), light = made(sample, key, 0xa5);
      const std::string what = fmt::format("{}, key {}", where, key);
      findings_.expect(dark.images == light.images, "every byte of a view is written, and follows from the key", what);
      findings_.expect(dark.points == light.points, "landmarks follow from the key", what);
      landmarks(sample, dark, what);
    }
    const Sample fresh = drawn_sample(sample.image.height, sample.image.width);
    findings_.expect(std::memcmp(sample.image.bytes.get(), fresh.image.bytes.get(), static_cast<size_t>(sample.image.size())) == 0,
                     "the picture is not modified", where);
    made(drawn_sample(64, 64), 99, 0);
    findings_.expect(made(sample, 1, 0).images == made(sample, 1, 0).images, "another picture in between changes nothing", where);
  }

  void landmarks(const Sample& sample, const PlainViews& views, const std::string& what) {
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
    std::vector<PlainViews> alone;
    for (uint64_t key = 0; key < 8; ++key) alone.push_back(made(sample, key, 0));
    const auto complaints = in_threads(8, [&](int thread) -> std::string {
      for (uint64_t i = 0; i < 16; ++i) {
        const uint64_t key = (i + static_cast<uint64_t>(thread)) % 8;
        if (made(sample, key, 0xff).images != alone[key].images) return fmt::format("key {} differs", key);
      }
      return "";
    });
    for (const std::string& complaint : complaints) findings_.add("any thread may call views", complaint);
  }

  std::shared_ptr<const Augmentation> augmentation_;
  ViewLayout layout_;
  Findings& findings_;
};

}  // namespace

void conform_augmentation(const Use<Augmentation>& use, Findings& findings) {
  AugmentationSuite(use.make(InputContract()), findings).run();
}

}  // namespace lafs::conformance
