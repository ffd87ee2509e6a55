#include <torch/types.h>

#include "lafs/head.h"
#include "lafs/plugin.h"

namespace {

struct Options {
  bool bias = true;

  void declare(lafs::Params& p) { p("bias", bias, "add a number for each class, which starts as 0"); }
};

/// z = W e + b: a linear layer, nothing normalised (heads.md 3.4).
class Softmax final : public lafs::Head, public lafs::Margin, public lafs::Unnormalised {
 public:
  using Options = ::Options;
  Softmax(const Options& options, int64_t) : options_(options) {}

  bool clamp_cosines() const override { return false; }
  bool bias() const override { return options_.bias; }
  double scale() const override { return 1; }
  at::Tensor target(const lafs::TargetRows& rows, const lafs::Pass&) override { return rows.cosines; }

 private:
  Options options_;
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<Softmax>("softmax", "a linear layer before the softmax: neither embeddings nor classes are normalised");
}
