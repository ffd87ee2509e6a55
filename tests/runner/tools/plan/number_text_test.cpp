#include "runner/tools/plan/number_text.h"

#include <doctest/doctest.h>

namespace lafs {
namespace {

TEST_CASE("plan: counts have commas, and small rates a power of ten") {
  CHECK(count_text(0) == "0");
  CHECK(count_text(999) == "999");
  CHECK(count_text(1000) == "1,000");
  CHECK(count_text(66955616) == "66,955,616");
  CHECK(count_text(-1234567) == "-1,234,567");
  CHECK(count_text(-123) == "-123");
  CHECK(rate_text(0) == "0");
  CHECK(rate_text(0.1) == "0.1");
  CHECK(rate_text(0.0022912878474779198) == "2.291288e-3");
  CHECK(rate_text(1e-6) == "1e-6");
  CHECK(rate_text(0.00099999999999) == "1e-3");
  CHECK(rate_text(-2.5e-4) == "-2.5e-4");
}

}  // namespace
}  // namespace lafs
