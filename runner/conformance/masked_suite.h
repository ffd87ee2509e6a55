#pragma once
#include "lafs/backbone.h"
#include "runner/conformance/findings.h"

namespace lafs::conformance {

/// The promises of `Masked`, on pictures [B,3,H,W] that the network takes. Nothing for a network that does not make them.
void conform_masked(Backbone& backbone, const Tensor& images, Findings& findings);

}  // namespace lafs::conformance
