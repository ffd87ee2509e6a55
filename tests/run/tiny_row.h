#pragma once
/// The tiny recipe as the common part of two stages, the second from weights of the first.
#include "tiny.h"

namespace lafs::test {

inline const std::string two_stages = std::string("title = \"two of a kind\"\n") + tiny_text + R"(
[[stage]]
name = "first"

[[stage]]
name = "second"
run.epochs = 1

[[stage.init]]
into = "backbone"
from = "stage:first"
select = "backbone."
)";

}  // namespace lafs::test
