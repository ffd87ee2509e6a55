#pragma once
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

struct LoadAccount;

/// How a load of weights went: what was found, and the names of every tensor that was not.
std::string account_report(const LoadAccount& account);
nlohmann::json account_json(const LoadAccount& account);

}  // namespace lafs
