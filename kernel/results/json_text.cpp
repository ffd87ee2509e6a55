#include "kernel/results/json_text.h"

#include <nlohmann/json.hpp>

namespace lafs {

std::string json_text(const nlohmann::json& json) { return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace); }

}  // namespace lafs
