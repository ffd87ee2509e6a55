#pragma once
#include <cstdint>
#include <string>

#include <doctest/doctest.h>
#include <hwy/targets.h>

namespace lafs::test {

/// Takes one vector unit, or all (0), until the end of its scope.
class VectorUnit {
 public:
  explicit VectorUnit(int64_t unit) { choose(unit); }
  ~VectorUnit() { choose(0); }
  VectorUnit(const VectorUnit&) = delete;
  VectorUnit& operator=(const VectorUnit&) = delete;

 private:
  static void choose(int64_t unit) {
    hwy::SetSupportedTargetsForTest(unit);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

/// `claim` under each vector unit that this machine has.
template <typename Claim>
void on_every_unit(const Claim& claim) {
  for (const int64_t unit : hwy::SupportedAndGeneratedTargets()) {
    const std::string name = hwy::TargetName(unit);
    CAPTURE(name);
    const VectorUnit chosen(unit);
    claim();
  }
}

}  // namespace lafs::test
