#include "formats/archive_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "formats/zip_archive.h"

namespace lafs::formats {

namespace {

constexpr size_t tar_block = 512, most_entries = 4096;

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::string_view trimmed(std::string_view field) { return field.substr(0, field.find('\0')); }

/// Names of the entries of a TAR archive, as far as they can be followed.
std::vector<std::string> tar_names(std::string_view text) {
  std::vector<std::string> names;
  for (size_t at = 0; at + tar_block <= text.size() && names.size() < most_entries;) {
    const std::string_view header = text.substr(at, tar_block), name = trimmed(header.substr(0, 100));
    if (name.empty()) break;
    std::string_view octal = trimmed(header.substr(124, 12));
    octal.remove_prefix(std::min(octal.find_first_not_of(' '), octal.size()));
    uint64_t size = 0;
    std::from_chars(octal.data(), octal.data() + octal.size(), size, 8);
    const char type = header[156];
    if (type == '0' || type == '\0') names.emplace_back(name);
    const uint64_t blocks = size / tar_block + (size % tar_block != 0 ? 1 : 0);
    if (blocks > text.size() / tar_block) break;
    at += tar_block * (1 + blocks);
  }
  return names;
}

bool has(const std::vector<std::string>& names, std::string_view wanted) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return name == wanted; });
}

bool any_ends(const std::vector<std::string>& names, std::string_view end) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return name.ends_with(end); });
}

bool all_end(const std::vector<std::string>& names, std::string_view end) {
  return !names.empty() && std::all_of(names.begin(), names.end(), [&](const std::string& name) { return name.ends_with(end); });
}

bool holds_torchscript(const std::vector<std::string>& names) { return any_ends(names, "/data.pkl") && any_ends(names, "/constants.pkl"); }

std::optional<FileKind> tar_kind(std::string_view text) {
  if (text.size() < tar_block || text.substr(257, 5) != "ustar") return std::nullopt;
  const std::vector<std::string> names = tar_names(text);
  // PyTorch before 0.1.10 saved so; the reader of checkpoints says that.
  if (has(names, "storages") && has(names, "tensors") && has(names, "pickle")) return std::nullopt;
  return FileKind{names.empty() ? "a TAR archive" : fmt::format("a TAR archive of {}", some_names(names)),
                  "unpack it with tar -xf, and name what was in it"};
}

std::optional<FileKind> zip_kind(std::span<const std::byte> bytes) {
  if (!looks_like_zip(bytes)) return std::nullopt;
  std::vector<std::string> names;
  bool stored = true;
  for (const ZipName& entry : zip_names(bytes)) {
    if (!entry.name.ends_with('/')) names.push_back(entry.name);
    stored = stored && entry.stored;
  }
  if (names.empty()) return std::nullopt;
  const bool torch = any_ends(names, "/data.pkl");
  if (holds_torchscript(names)) {
    return FileKind{"a TorchScript archive, a program with its weights",
                    "in Python, if you trust its author: torch.save(dict(torch.jit.load(FILE).state_dict()), \"weights.pth\")"};
  }
  if (torch && stored) return std::nullopt;
  if (torch) {
    return FileKind{"a file of torch.save that was packed a second time, with compression",
                    "pack it without: unzip it into an empty folder, and there zip -0 -r ../weights.pth ."};
  }
  if (has(names, "data.pkl"))
    return FileKind{"a file of torch.save that was unpacked and packed again without its folder", "take the file as it was downloaded"};
  if (all_end(names, ".npy")) {
    return FileKind{fmt::format("a NumPy archive (.npz) of {} arrays", names.size()),
                    "in Python: safetensors.numpy.save_file(dict(numpy.load(FILE)), \"weights.safetensors\")"};
  }
  if (any_ends(names, "model.weights.h5"))
    return FileKind{"a Keras model", "in Keras, save its weights by name as safetensors, or find the weights for PyTorch"};
  return FileKind{fmt::format("a zip archive of {}", some_names(names)), "unpack it with unzip, and name what was in it"};
}

}  // namespace

bool is_torchscript(std::span<const std::byte> bytes) {
  if (!looks_like_zip(bytes)) return false;
  std::vector<std::string> names;
  for (ZipName& entry : zip_names(bytes)) names.push_back(std::move(entry.name));
  return holds_torchscript(names);
}

std::optional<FileKind> archive_kind(std::span<const std::byte> bytes) {
  if (auto kind = tar_kind(text_of(bytes))) return kind;
  return zip_kind(bytes);
}

}  // namespace lafs::formats
