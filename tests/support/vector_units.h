#pragma once
#include <cstdint>
#include <string>

#include <doctest/doctest.h>
#include <hwy/targets.h>

namespace lafs::test {

/// `claim` under each vector unit that this machine has.
template <typename Claim>
void on_every_unit(const Claim& claim) {
  for (const int64_t unit : hwy::SupportedAndGeneratedTargets()) {
    const std::string name = hwy::TargetName(unit);
    CAPTURE(name);
    hwy::SetSupportedTargetsForTest(unit);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    claim();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace lafs::test
