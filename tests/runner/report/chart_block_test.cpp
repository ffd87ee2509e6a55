#include "runner/report/chart_block.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

namespace lafs {
namespace {

using Json = nlohmann::json;

TEST_CASE("chart: points that cannot be drawn are left out, and nothing to draw is no chart") {
  CHECK(chart_json({"empty", "x", "y", false, {{"a", {}, {}}}}) == "null");
  CHECK(chart_json({"nan", "x", "y", false, {{"a", {1, 2}, {std::nan(""), INFINITY}}}}) == "null");
  CHECK(chart_json({"log", "far", "tar", true, {{"a", {0}, {1}}}}) == "null");
  const Json one = Json::parse(chart_json({"flat", "x", "y", false, {{"a", {0, 1, 2}, {3, std::nan(""), 3.14159265}}, {"b", {}, {}}}}));
  CHECK(one == Json::parse(R"({"title":"flat","x":"x","y":"y","series":[{"name":"a","x":[0,2],"y":[3,3.14159]}]})"));
}

TEST_CASE("chart: steps keep all their digits") {
  const Json chart = Json::parse(chart_json({"long", "x", "y", false, {{"a", {12345678}, {1}}}}));
  CHECK(chart["series"][0]["x"][0] == 12345678);
}

TEST_CASE("chart: dots keep the place of a name without a value") {
  Chart dots{"dots", "%", "", false, {{"mean", {}, {1, std::nan("")}, {0, std::nan("")}, {2, std::nan("")}}}};
  dots.labels = {"a", "b"};
  const Json series = Json::parse(chart_json(dots))["series"][0];
  CHECK(series == Json::parse(R"({"name":"mean","y":[1,null],"low":[0,null],"high":[2,null]})"));
}

TEST_CASE("chart: no title or name can end the block that the data lies in") {
  ChartBlock charts;
  const std::string place = charts.place({"</script><b>", "<x>", "y", false, {{"<!--<script>\xff", {1}, {1}}}});
  CHECK(place.find("</script>") == std::string::npos);
  CHECK(charts.json().find('<') == std::string::npos);
  const Json data = Json::parse(charts.json());
  CHECK(data[0]["title"] == "</script><b>");
  CHECK(data[0]["series"][0]["name"] == "<!--<script>\xEF\xBF\xBD");
}

TEST_CASE("chart: each place has the number of its data, and a heading stands above charts only") {
  ChartBlock charts;
  const Chart drawn{"a", "x", "y", false, {{"a", {1}, {1}}}}, none;
  CHECK(charts.section("nothing", {none}) == "");
  CHECK(charts.place(drawn).find("id=\"chart-0\"") != std::string::npos);
  const std::string section = charts.section("more", {none, drawn});
  CHECK(section.find("<h2>more</h2>") == 0);
  CHECK(section.find("id=\"chart-1\"") != std::string::npos);
  CHECK(Json::parse(charts.json()).size() == 2);
}

TEST_CASE("thinned: every point stands for its neighbours, and no spike is lost") {
  Series series{"loss", {}, {}};
  for (int i = 0; i < 100000; ++i) {
    series.x.push_back(i);
    series.y.push_back(i == 54321 ? 1000 : i == 12345 ? -1000 : 1);
  }
  series.y[777] = std::nan("");
  const Series few = thinned(series, 400);
  REQUIRE(few.x.size() == 400);
  CHECK(std::is_sorted(few.x.begin(), few.x.end()));
  CHECK(*std::max_element(few.high.begin(), few.high.end()) == 1000);
  CHECK(*std::min_element(few.low.begin(), few.low.end()) == -1000);
  CHECK(few.y[0] == 1);
  CHECK(few.y[54321 / 250] == doctest::Approx(1 + 999.0 / 250));
  for (size_t i = 0; i < 400; ++i) CHECK((few.low[i] <= few.y[i] && few.y[i] <= few.high[i]));
  CHECK(thinned(series, 100000).low.empty());
}

}  // namespace
}  // namespace lafs
