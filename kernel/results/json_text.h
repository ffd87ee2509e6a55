#pragma once
#include <string>

#include <nlohmann/json.hpp>

namespace lafs {

/// For people and files: two spaces deep; a name of a file that is no UTF-8 is printed as near as can be.
inline std::string json_text(const nlohmann::json& json) { return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace); }

}  // namespace lafs
