#include "kernel/results/json_text.h"

#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"

namespace lafs {

std::string json_text(const nlohmann::json& json) { return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace); }

void write_json(const std::filesystem::path& file, const nlohmann::json& json) {
  formats::write_atomically(file, json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace lafs
