#include "partial_fc.h"

#include <torch/types.h>

namespace lafs::identification {

void PartialFcOptions::declare(Params& p) {
  p("rate", rate, in(1e-6, 1), "share of the identities that take part in a step: the batch's own, and others by chance; 1: all");
  p.quirk(
      "HD-13", "update", update, "dense", "sparse", one_of({"dense", "sparse", "temporary"}),
      "what a step does to identities that it left out. dense: they get zeros as their gradient, so that momentum and weight decay move "
      "them; sparse: nothing, and each identity counts its own steps; temporary: nothing, and one count for all (Partial FC's first "
      "version)");
  p.quirk("HD-12", "same_draws", same_draws, true, false, "every rank draws the same positions among its identities");
  p.quirk(
      "HD-14", "late_write", late_write, true, false,
      "update = \"temporary\": the update of a step reaches the class matrix when the next one begins; a checkpoint in between lacks it");
}

RowUpdates PartialFcOptions::rows() const {
  if (!on() || update == "dense") return RowUpdates::none;
  return update == "sparse" ? RowUpdates::counted_by_row : RowUpdates::counted_together;
}

void LateRows::before_update(const at::Tensor& weight) {
  rows_ = at::Tensor();
  if (!weight.grad().defined() || !weight.grad().is_sparse()) return;
  rows_ = weight.grad()._indices()[0].clone();
  before_ = weight.index_select(0, rows_);
}

void LateRows::after_update(at::Tensor& weight) {
  if (!rows_.defined()) return;
  after_ = weight.index_select(0, rows_);
  weight.index_copy_(0, rows_, before_);
}

void LateRows::write(at::Tensor& weight) {
  if (!after_.defined()) return;
  const at::NoGradGuard no_grad;
  weight.index_copy_(0, rows_, after_);
  after_ = at::Tensor();
}

}  // namespace lafs::identification
