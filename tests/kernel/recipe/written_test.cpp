#include "kernel/recipe/written.h"

#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lafs {
namespace {

using Keys = std::vector<std::string>;

TEST_CASE("written: every setting that a recipe says, with numbers for the items of lists of tables") {
  const Node tree = parse_toml(R"(title = "x"
head = "cosface"
[run]
seed = 1
[run.loss_scale]
start = 2
[optimizer]
lr = { from = 1e-3, to = 0 }
betas = [0.9, 0.99]
[[evaluator]]
use = "knn"
[[evaluator]]
folds = 5
[evaluator.data]
use = "concat"
sources = [{ use = "a" }, { use = "b" }]
[paths]
data = "/data"
)",
                               "recipe.toml", {});
  const Keys keys = written_keys(tree);
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == keys.size());
  CHECK(fmt::format("{}", fmt::join(std::set<std::string>(keys.begin(), keys.end()), " ")) ==
        "evaluator.0.use evaluator.1.data.sources.0.use evaluator.1.data.sources.1.use evaluator.1.data.use evaluator.1.folds head "
        "optimizer.betas optimizer.lr.from optimizer.lr.to run.loss_scale.start run.seed");
}

}  // namespace
}  // namespace lafs
