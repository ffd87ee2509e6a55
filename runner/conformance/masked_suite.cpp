#include "runner/conformance/masked_suite.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "lafs/error.h"
#include "runner/conformance/module_checks.h"

namespace lafs::conformance {

namespace {

class MaskedSuite {
 public:
  MaskedSuite(Masked& net, const at::Tensor& images, int64_t width, Findings& findings)
      : net_(net), images_(images), width_(width), findings_(findings), grid_(net.patch_grid(images.size(2), images.size(3))) {}

  void run() {
    const at::NoGradGuard no_grad;
    const int64_t b = images_.size(0), n = grid_.rows * grid_.columns;
    const at::Tensor pixels = net_.patch_pixels(images_);
    expect_shape(pixels, {b, n, pixels.size(-1)}, "patch_pixels gives [B, N, P]");
    expect_shape(kept(n), {b, 1 + n, width_}, "forward_kept gives [B, 1 + M, embed_dim]");
    const at::Tensor upper = patches(std::max<int64_t>(1, grid_.rows / 2) * grid_.columns);
    const at::Tensor seen = net_.forward_kept(images_, upper, {}), turned = net_.forward_kept(images_, upper.flip(1), {});
    findings_.expect(at::allclose(seen.select(1, 0), turned.select(1, 0), 1e-4, 1e-5) &&
                         at::allclose(seen.slice(1, 1), turned.slice(1, 1).flip(1), 1e-4, 1e-5),
                     "tokens come in the order of `kept`", "another order gives other tokens");
    positions();
    hidden(upper, seen);
    findings_.expect_throw<Error>("patches of another number of pictures are an error", "\"kept\"",
                                  [&] { net_.forward_kept(images_, upper.slice(0, 0, b - 1), {}); });
  }

 private:
  at::Tensor patches(int64_t count) const { return at::arange(count, at::kLong).expand({images_.size(0), count}).contiguous(); }
  at::Tensor kept(int64_t count) { return net_.forward_kept(images_, patches(count), {}); }
  void expect_shape(const at::Tensor& tensor, const std::vector<int64_t>& shape, const std::string& promise) {
    findings_.expect(tensor.sizes() == at::IntArrayRef(shape), promise,
                     fmt::format("the shape is {}, not [{}]", shape_text(tensor), fmt::join(shape, ", ")));
  }

  /// Patches that are all alike are told apart by where they lie.
  void positions() {
    const int64_t n = grid_.rows * grid_.columns;
    if (n < 2) return;
    const at::Tensor flat = at::full_like(images_, 0.25), first = patches(1);
    const at::Tensor here = net_.forward_kept(flat, first, {}), there = net_.forward_kept(flat, first + (n - 1), {});
    findings_.expect(!at::allclose(here, there, 1e-5, 1e-6), "a patch has the position of its number",
                     "first and last patch give one token");
  }

  /// Pixels below the patches that are seen change nothing.
  void hidden(const at::Tensor& upper, const at::Tensor& seen) {
    const int64_t height = images_.size(2), rows = upper.size(1) / grid_.columns;
    if (rows == grid_.rows || height % grid_.rows != 0) return;
    at::Tensor other = images_.clone();
    other.slice(2, rows * (height / grid_.rows)).fill_(0.25);
    const at::Tensor again = net_.forward_kept(other, upper, {});
    findings_.expect(at::allclose(seen, again, 1e-5, 1e-6), "patches that are left out are not looked at",
                     fmt::format("other pixels there change tokens by {}", largest_difference(seen, again)));
    const at::Tensor whole = net_.patch_pixels(images_), changed = net_.patch_pixels(other);
    const int64_t count = upper.size(1);
    findings_.expect(
        at::equal(whole.slice(1, 0, count), changed.slice(1, 0, count)) && !at::equal(whole.slice(1, count), changed.slice(1, count)),
        "patch_pixels has the patches row by row", "pixels of lower rows are in the first patches");
  }

  Masked& net_;
  at::Tensor images_;
  int64_t width_;
  Findings& findings_;
  Masked::Grid grid_;
};

}  // namespace

void conform_masked(Backbone& backbone, const Tensor& images, Findings& findings) {
  auto* net = dynamic_cast<Masked*>(&backbone);
  if (net) MaskedSuite(*net, images, backbone.embed_dim(), findings).run();
}

}  // namespace lafs::conformance
