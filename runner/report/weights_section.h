#pragma once
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

/// The part of a report page about weights.json (init_record.h): where weights came from and what became of each tensor. Empty where there
/// is nothing to tell. Values of another type than they should be are left out.
std::string weights_section(const nlohmann::json& record);

}  // namespace lafs
