#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "tiny.h"

namespace lafs::test {
namespace {

struct Span {
  std::string name;
  double start, end;  ///< microseconds
  bool holds(const Span& other) const { return start <= other.start + 0.01 && other.end <= end + 0.01; }
};

struct Trace {
  std::map<int64_t, std::vector<Span>> spans;  ///< ours, by thread, in the order of their starts
  std::map<int64_t, std::vector<Span>> operations;
  std::map<int64_t, std::string> names;  ///< of threads; the profiler also names the first event's after the one that stops it

  std::vector<Span> called(int64_t thread, const std::set<std::string>& wanted) const {
    std::vector<Span> out;
    for (const Span& span : spans.at(thread)) {
      if (wanted.contains(span.name)) out.push_back(span);
    }
    return out;
  }
  /// The one thread whose spans hold this name.
  int64_t thread_of(const std::string& name) const {
    std::vector<int64_t> found;
    for (const auto& [thread, all] : spans) {
      if (!called(thread, {name}).empty()) found.push_back(thread);
    }
    REQUIRE(found.size() == 1);
    return found.front();
  }
};

Trace read_trace(const fs::path& file) {
  Trace trace;
  const auto json = json_file(file);
  for (const auto& event : json.at("traceEvents")) {
    const std::string kind = event.value("cat", ""), name = event.at("name");
    if (name == "thread_name") trace.names[event.at("tid").get<int64_t>()] += event.at("args").at("name").get<std::string>();
    if (kind != "user_annotation" && kind != "cpu_op") continue;
    const double start = event.at("ts"), length = event.at("dur");
    CHECK_MESSAGE(length >= 0, name);
    (kind == "cpu_op" ? trace.operations : trace.spans)[event.at("tid")].push_back({name, start, start + length});
  }
  for (auto& [thread, all] : trace.spans) {
    std::stable_sort(all.begin(), all.end(), [](const Span& a, const Span& b) { return a.start < b.start; });
  }
  return trace;
}

bool one_holds(const std::vector<Span>& spans, const Span& inner) {
  return std::any_of(spans.begin(), spans.end(), [&](const Span& span) { return span.holds(inner); });
}

Arguments traced(const Tiny& tiny, const std::string& file) {
  return {"bench", tiny.recipe(), "--steps", "1", "--warm-up", "1", "--trace", file, "--trace-steps", "2"};
}

TEST_CASE("bench: a trace holds steps, the parts of each and the operations of each part") {
  const Tiny tiny;
  const std::string file = tiny / "trace.json";
  const Outcome outcome = lafs(traced(tiny, file));
  CHECK(outcome.status == 0);
  CHECK(outcome.err == "");
  CHECK(outcome.out.find("\ntrace       " + file + ": ") != std::string::npos);
  CHECK(outcome.out.find(" events of 2 more steps; open it in chrome://tracing or ui.perfetto.dev\n") != std::string::npos);
  const Trace trace = read_trace(file);
  const int64_t main = trace.thread_of("step");
  const auto steps = trace.called(main, {"step"});
  const auto parts = trace.called(main, {"load", "forward", "backward", "clip", "hooks", "optimizer"});
  const std::vector<std::string> order{"load", "forward", "backward", "clip", "hooks", "optimizer", "hooks"};
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].end <= steps[1].start + 0.01);
  REQUIRE(parts.size() == 2 * order.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    CHECK(parts[i].name == order[i % order.size()]);
    CHECK(steps[i / order.size()].holds(parts[i]));
    if (i > 0) CHECK(parts[i - 1].end <= parts[i].start + 0.01);
  }
  const auto& operations = trace.operations.at(main);
  CHECK(operations.size() > 200);
  const auto inside = std::count_if(operations.begin(), operations.end(), [&](const Span& one) { return one_holds(parts, one); });
  CHECK(inside > static_cast<int64_t>(operations.size()) * 9 / 10);
}

TEST_CASE("bench: a trace shows what the loader's threads do meanwhile") {
  const Tiny tiny;
  const fs::path file = tiny / "trace.json";
  REQUIRE(lafs(traced(tiny, file) + Arguments{"--set", "run.prefetch=8"}).status == 0);
  const Trace trace = read_trace(file);
  const int64_t loader = trace.thread_of("decode");
  CHECK(loader != trace.thread_of("step"));
  CHECK(loader == trace.thread_of("augment"));
  CHECK(trace.names.at(loader).find("loader") != std::string::npos);
  const auto spans = trace.called(loader, {"decode", "augment"});
  CHECK(spans.size() >= 8);  // half a batch
  for (size_t i = 1; i < spans.size(); ++i) CHECK(spans[i - 1].end <= spans[i].start + 0.01);
}

TEST_CASE("bench: a trace replaces its file whole, and a failed one leaves it alone") {
  const Tiny tiny;
  const std::string file = tiny / "trace.json";
  write_bytes(file, "older");
  CHECK(lafs(traced(tiny, file) + Arguments{"--set", "head.margin=9"}).status != 0);
  CHECK(lafs(traced(tiny, file)).err == "lafs: error: \"" + file + "\" exists; --force overwrites it\n");
  CHECK(lafs(traced(tiny, file) + Arguments{"--force", "--set", "optimizer.lr=1e30"}).status == 1);
  CHECK(read_bytes(file) == "older");
  CHECK(lafs(traced(tiny, file) + Arguments{"--force"}).status == 0);
  CHECK(json_file(file).contains("traceEvents"));
  std::set<std::string> left;
  for (const auto& item : fs::directory_iterator(fs::path(file).parent_path())) left.insert(item.path().filename());
  CHECK(left == std::set<std::string>{"tiny.toml", "trace.json"});
}

TEST_CASE("bench: a trace that cannot be written is reported before the first step") {
  const Tiny tiny;
  const auto error = [&](const fs::path& file) { return lafs({"bench", tiny.recipe(), "--trace", file}).err; };
  const std::string folder = (tiny / "x").parent_path();
  CHECK(error(tiny / "tiny.toml" / "t.json") ==
        "lafs: error: cannot make the folder \"" + (tiny / "tiny.toml").string() + "\": Not a directory\n");
  CHECK(error(folder) == "lafs: error: cannot write \"" + folder + "\": Is a directory\n");
  const Outcome alone = lafs({"bench", tiny.recipe(), "--trace-steps", "2"});
  CHECK(alone.status == 2);
  CHECK(alone.err == "lafs bench: error: --trace-steps requires --trace; see lafs bench --help\n");
}

}  // namespace
}  // namespace lafs::test
