#pragma once
#include <span>
#include <string>
#include <vector>

#include "kernel/evaluate/listed_pictures.h"

namespace lafs {

/// The part of a report page that shows the pictures of ranked lists with their scores. Empty where there are none.
std::string pictures_section(const std::vector<ListedPictures>& lists);

/// Bytes as base64 (RFC 4648, with padding).
std::string base64_text(std::span<const uint8_t> bytes);

}  // namespace lafs
