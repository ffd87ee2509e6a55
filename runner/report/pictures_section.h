#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "kernel/evaluate/listed_pictures.h"

namespace lafs {

/// The part of a report page that shows the pictures of ranked lists with their scores. Empty where there are none.
std::string pictures_section(const std::vector<ListedPictures>& lists);

/// The part with the sheets that lie in a run folder, PNG files such as `lafs show attention --out RUN/attention.png` writes; large ones
/// are links. Empty where there are none.
std::string sheets_section(const std::filesystem::path& folder);

/// The pictures of ranked lists that a page of the folder holds already: they are made when a run ends, while its data is open. Empty where
/// there are none.
std::string former_pictures(const std::filesystem::path& folder);

/// Bytes as base64 (RFC 4648, with padding).
std::string base64_text(std::span<const uint8_t> bytes);

}  // namespace lafs
