#include "runner/report/recipe_section.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace lafs {
namespace {

constexpr const char* recipe_text = R"([run]
seed = 7
epochs = 2

[data_source]
use = "subset"
people = 30

[data_source.source]
use = "image_folder"
root = "/data/lfw/aligned"

[backbone]
use = "fvit"

[head]
use = "cosface"
margin = 0.4

[objective]
use = "identification"

[optimizer]
use = "adamw"
lr = { shape = "cosine", from = 1e-3 }

[[evaluator]]
use = "verification"
name = "first"

[evaluator.data]
use = "synthetic_faces"

[[evaluator]]
use = "knn"
name = "knn"

[evaluator.data]
use = "record_set"
)";

bool has(const std::string& page, const std::string& part) { return page.find(part) != std::string::npos; }

TEST_CASE("recipe: the question says what was trained on what, and how it is scored") {
  CHECK(question_html(recipe_text) ==
        "<p class=\"question\"><b>fvit</b> trained by <b>identification</b> with head <b>cosface</b> on <b>a subset of image_folder "
        "aligned</b> for 2 epochs; scored by verification “first”, knn.</p>\n");
  CHECK(question_html("[run]\nseed = 1\n") == "");
  CHECK(question_html("no recipe") == "");
}

TEST_CASE("recipe: what the author wrote stands out, by its place in lists too") {
  const std::string html = recipe_html(recipe_text, {"run.seed", "head", "optimizer.lr.from", "evaluator.0.name", "evaluator.1.data.use"});
  CHECK(has(html, "<span>[run]</span><span class=\"written\">seed = 7</span><span class=\"default\">epochs = 2</span>"));
  CHECK(has(html, "<span class=\"written\">use = &quot;cosface&quot;</span><span class=\"default\">margin = 0.4</span>"));
  CHECK(has(html, "<span class=\"written\">lr = { shape"));
  CHECK(has(html, "<span class=\"written\">name = &quot;first&quot;</span>"));
  CHECK(has(html, "<span class=\"default\">name = &quot;knn&quot;</span>"));
  CHECK(has(html, "<span class=\"default\">use = &quot;synthetic_faces&quot;</span>"));
  CHECK(has(html, "<span class=\"written\">use = &quot;record_set&quot;</span>"));
  CHECK(has(html, "<span class=\"default\">[backbone]</span>"));
}

TEST_CASE("recipe: where nothing says what was written, all settings look alike") {
  CHECK_FALSE(has(recipe_html(recipe_text, {}), "class=\"default\""));
}

TEST_CASE("recipe: the oldest session that knows says what was written") {
  const auto manifest =
      nlohmann::json::parse(R"({"sessions": [{"started": "x"}, {"written": ["run.seed"]}, {"written": ["run.seed", "head"]}]})");
  CHECK(written_keys_in(manifest) == std::vector<std::string>{"run.seed"});
  CHECK(written_keys_in(nlohmann::json::parse(R"({"sessions": 3})")).empty());
}

}  // namespace
}  // namespace lafs
