#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "runner/report/output_file.h"
#include "runner/tools/show/sheet.h"

namespace lafs {

/// The picture files that were named, folders replaced by the pictures below them in the order of their paths.
/// Throws Error for what does not exist and for a folder without a picture.
std::vector<std::filesystem::path> picture_files(const std::vector<std::filesystem::path>& named);

/// Writes a sheet as PNG, and says on standard error where it lies and how large it is. Throws Error where the file exists and `force` is
/// false, and where it cannot be written.
void write_sheet(const std::filesystem::path& file, const Sheet& sheet, bool force);

/// The smallest whole number of pixels for a pixel that makes `side` at least `wanted`, or `asked` where that is not 0.
int64_t zoom_for(int64_t side, int64_t wanted, int64_t asked);

}  // namespace lafs
