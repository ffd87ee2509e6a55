#include "kernel/run/grid_folder.h"

#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernel/ledger/json_file.h"
#include "kernel/results/json_text.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

constexpr const char* record_name = "grid.json";
constexpr const char* failure_name = "failed.json";

void write_into(const fs::path& folder, const char* name, const nlohmann::json& json) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(fmt::format("cannot make the folder \"{}\": {}", folder.string(), error.message()));
  write_json(folder / name, json);
}

}  // namespace

bool is_grid_folder(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / record_name, ignored);
}

fs::path cell_folder(const fs::path& grid_folder, const std::string& cell) { return grid_folder / "cells" / cell; }

std::string cell_failure(const fs::path& cell_folder) { return text_under(json_or_nothing(cell_folder / failure_name), "error"); }

void note_cell_failure(const fs::path& cell_folder, const std::string& reason) {
  std::error_code ignored;
  if (reason.empty()) {
    fs::remove(cell_folder / failure_name, ignored);
  } else {
    write_into(cell_folder, failure_name, {{"error", reason}});
  }
}

void write_grid_record(const fs::path& folder, const Grid& grid, const std::vector<RecordedCell>& cells) {
  nlohmann::json record{{"grid", fs::absolute(grid.file).string()},
                        {"title", grid.title},
                        {"stage", grid.stage},
                        {"metrics", grid.metrics},
                        {"axes", nlohmann::json::array()}};
  for (const GridAxis& axis : grid.axes) record["axes"].push_back(axis.name);
  for (const RecordedCell& cell : cells)
    record["cells"].push_back({{"name", cell.name}, {"labels", cell.labels}, {"seed", cell.seed}, {"identity", cell.identity}});
  write_into(folder, record_name, record);
}

GridRecord read_grid_record(const fs::path& folder) {
  try {
    const auto json = json_or_nothing(folder / record_name);
    GridRecord record{json.at("title"), json.at("stage"), json.at("axes"), json.at("metrics"), {}};
    for (const auto& cell : json.at("cells"))
      record.cells.push_back({cell.at("name"), cell.at("labels"), cell.at("seed"), text_under(cell, "identity")});
    return record;
  } catch (const nlohmann::json::exception&) {
    throw Error(fmt::format("\"{}\" is damaged; lafs ablate writes it again", (folder / record_name).string()));
  }
}

}  // namespace lafs
