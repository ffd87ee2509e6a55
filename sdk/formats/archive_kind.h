#pragma once
#include <cstddef>
#include <optional>
#include <span>

#include "formats/file_kind.h"

namespace lafs::formats {

/// The part of `file_kind` for zip and TAR archives: told from the names in them. Nothing for a zip archive that torch.save wrote, for one
/// that is cut off, and for any other file. [any thread]
std::optional<FileKind> archive_kind(std::span<const std::byte> bytes);

/// Whether a file is an archive of `torch.jit.save`: a program with its weights. [any thread]
bool is_torchscript(std::span<const std::byte> bytes);

}  // namespace lafs::formats
