#pragma once
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

/// For people and files: two spaces deep; a name of a file that is not UTF-8 is printed as near as can be.
std::string json_text(const nlohmann::json& json);

}  // namespace lafs
