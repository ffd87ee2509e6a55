#pragma once
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "runner/tools/data/check.h"

namespace lafs {

/// What a check found, for people: every finding that ends a training, and the first `listed` of those that are only suspicious.
std::string check_text(const DataCheck& check, size_t listed);

/// The same, whole.
nlohmann::json check_json(const DataCheck& check);

/// `48 pictures of 4 identities: all whole`
std::string whole_text(const DataCheck& check);

/// A few words for each finding that is suspicious and does not end a training: "copies across identities: 2".
std::vector<std::string> suspicions(const DataCheck& check);

/// The picture as people find it: its key and, where that does not begin with it, its identity.
std::string picture_text(const DataSource& source, int64_t index);

/// The name of an identity or, where it has none, its number.
std::string person_text(const DataSource& source, int64_t identity);

}  // namespace lafs
