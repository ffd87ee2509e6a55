#include "kernel/recipe/written.h"

#include <doctest/doctest.h>

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
  CHECK(written_keys(tree) == Keys{"head", "run.seed", "run.loss_scale.start", "optimizer.lr.from", "optimizer.lr.to", "optimizer.betas",
                                   "evaluator.0.use", "evaluator.1.folds", "evaluator.1.data.use", "evaluator.1.data.sources.0.use",
                                   "evaluator.1.data.sources.1.use"});
}

}  // namespace
}  // namespace lafs
