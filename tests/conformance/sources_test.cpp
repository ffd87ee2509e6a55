#include <doctest/doctest.h>

#include "conformance/augmentation_suite.h"
#include "conformance/data_source_suite.h"
#include "conformance/harness.h"

namespace {

using namespace lafs;

TEST_CASE("conformance: every data source gives the same pictures whenever and from wherever it is asked") {
  conformance::over_uses<DataSource>(conformance::conform_data_source);
}

TEST_CASE("conformance: every augmentation fills all of its views from picture and key alone") {
  conformance::over_uses<Augmentation>(conformance::conform_augmentation);
}

}  // namespace
