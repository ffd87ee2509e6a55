#include "kernel/ledger/data_check.h"

#include <cstdlib>
#include <optional>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs {
namespace {

namespace fs = std::filesystem;

/// Sets a variable of the environment, and puts the old value back.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST_CASE("data check record: it lies beside the data, and is taken for its fingerprint alone") {
  const test::ScratchFolder folder;
  const Variable cache("XDG_CACHE_HOME", (folder / "cache").string());
  const fs::path data = folder / "data";
  fs::create_directories(data);
  CHECK(read_data_check({data}, "a1").empty());
  CHECK(data_check_note("").empty());
  CHECK(write_data_check({data, folder / "more"}, {"a1", "2026-11-30T12:00:00Z", "all 48 pictures whole"}, {{"pictures", 48}}) ==
        data / ".lafs-check");
  CHECK_FALSE(fs::exists(folder / "cache"));
  const std::string record = read_data_check({folder / "none", data}, "a1");
  CHECK(data_check_note(record) == "the data was checked on 2026-11-30: all 48 pictures whole");
  CHECK(nlohmann::json::parse(record).at("counts").at("pictures") == 48);
  CHECK(read_data_check({data}, "b2").empty());
  write_data_check({data}, {"b2", "2026-12-01T12:00:00Z", "1 damaged"}, nlohmann::json::object());
  CHECK(read_data_check({data}, "a1").empty());
  CHECK(data_check_note(read_data_check({data}, "b2")) == "the data was checked on 2026-12-01: 1 damaged");
  for (const char* broken : {"", "{", "[]", "{\"fingerprint\": \"b2\"}", "{\"fingerprint\": 3, \"text\": \"x\"}"}) {
    test::write_bytes(data / ".lafs-check", broken);
    CHECK(read_data_check({data}, "b2").empty());
  }
}

TEST_CASE("data check record: where the data cannot be written or has no folder, it lies in the cache, of several the newest counts") {
  const test::ScratchFolder folder;
  const Variable cache("XDG_CACHE_HOME", (folder / "cache").string());
  const fs::path cached = folder / "cache/lafs/check-a1.json";
  CHECK(write_data_check({folder / "not there"}, {"a1", "2026-11-30T12:00:00Z", "old"}, nlohmann::json::object()) == cached);
  CHECK(write_data_check({}, {"a1", "2026-12-01T12:00:00Z", "new"}, nlohmann::json::object()) == cached);
  fs::create_directories(folder / "data");
  write_data_check({folder / "data"}, {"a1", "2026-11-29T12:00:00Z", "older"}, nlohmann::json::object());
  CHECK(data_check_note(read_data_check({folder / "data"}, "a1")) == "the data was checked on 2026-12-01: new");
  const Variable no_cache("XDG_CACHE_HOME", ""), no_home("HOME", "");
  CHECK_THROWS_WITH_AS(
      write_data_check({}, {"a1", "2026-12-01T12:00:00Z", "new"}, nlohmann::json::object()),
      "the check cannot be recorded: the data has no folder, and no folder for caches is known: neither XDG_CACHE_HOME nor "
      "HOME is set",
      Error);
}

}  // namespace
}  // namespace lafs
