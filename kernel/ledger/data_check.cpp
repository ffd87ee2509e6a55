#include "kernel/ledger/data_check.h"

#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "formats/cache_folder.h"
#include "kernel/ledger/json_file.h"
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

constexpr const char* record_name = ".lafs-check";

/// Empty where no folder for caches is known.
fs::path cached_record(const std::string& fingerprint) {
  const fs::path root = formats::cache_folder();
  return root.empty() ? root : root / fmt::format("check-{}.json", fingerprint);
}

}  // namespace

fs::path write_data_check(const std::vector<fs::path>& folders, const DataCheckRecord& record, const nlohmann::json& counts) {
  const nlohmann::json json{{"fingerprint", record.fingerprint}, {"date", record.date}, {"text", record.text}, {"counts", counts}};
  const std::string bytes = json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  std::string why = "the data has no folder, and no folder for caches is known: neither XDG_CACHE_HOME nor HOME is set";
  const fs::path cached = cached_record(record.fingerprint);
  for (const fs::path& file : {folders.empty() ? fs::path() : folders.front() / record_name, cached}) {
    if (file.empty()) continue;
    try {
      std::error_code told_below;
      if (file == cached) fs::create_directories(file.parent_path(), told_below);
      formats::write_atomically(file, bytes);
      return file;
    } catch (const Error& error) {
      why = error.what();
    }
  }
  throw Error("the check cannot be recorded: " + why);
}

std::string read_data_check(const std::vector<fs::path>& folders, const std::string& fingerprint) {
  std::vector<fs::path> files;
  for (const fs::path& folder : folders) files.push_back(folder / record_name);
  files.push_back(cached_record(fingerprint));
  nlohmann::json newest;
  for (const fs::path& file : files) {
    nlohmann::json record = json_or_nothing(file);
    if (text_under(record, "fingerprint") != fingerprint || text_under(record, "text").empty()) continue;
    if (text_under(record, "date") > text_under(newest, "date")) newest = std::move(record);
  }
  return newest.is_null() ? "" : newest.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string data_check_note(const std::string& record) {
  if (record.empty()) return "";
  const nlohmann::json json = nlohmann::json::parse(record, nullptr, /*allow_exceptions=*/false);
  return fmt::format("the data was checked on {}: {}", text_under(json, "date").substr(0, 10), text_under(json, "text"));
}

}  // namespace lafs
