#pragma once
#include <cstdint>
#include <filesystem>

#include <nlohmann/json_fwd.hpp>

#include "kernel/model/open_source.h"

namespace lafs {

/// Pictures, identities and fingerprint of a source, the sizes of `sample` of its pictures, and the shards of the record set at `path`,
/// which may be something else. Throws Error for a picture that cannot be read.
nlohmann::json data_info(const OpenSource& open, int64_t sample, const std::filesystem::path& path);

/// To standard output.
void print_data_info(const nlohmann::json& info);

}  // namespace lafs
