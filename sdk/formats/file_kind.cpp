#include "formats/file_kind.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "formats/archive_kind.h"
#include "formats/face_bin.h"
#include "formats/little_endian.h"
#include "formats/mapped_file.h"
#include "formats/torch_checkpoint.h"
#include "lafs/error.h"

namespace lafs::formats {

namespace {

using std::string_view_literals::operator""sv;

constexpr uint64_t longest_header = 100'000'000;

constexpr std::string_view again = "a download or copy was interrupted or refused: fetch the file again",
                           page =
                               "a server sent it in place of the file: download again, and look at the result first; links of file hosts "
                               "often need a login or a confirmation",
                           unpack = "unpack it first, and name what was in it",
                           convert =
                               "another program wrote it: there, save its arrays by name as safetensors (in Python: "
                               "safetensors.numpy.save_file(arrays, \"weights.safetensors\")), or find the weights for PyTorch",
                           picture =
                               "name weights where weights are needed, and the folder of the pictures, or a list of them, where data is";

struct Mark {
  size_t at;
  std::string_view bytes, what, advice;
};

/// In this order: a longer mark before a shorter one with the same beginning.
constexpr std::array marks{
    Mark{0, "\x1f\x8b"sv, "a gzip file", "unpack it with gzip -d, and name what was in it"},
    Mark{0, "BZh"sv, "a bzip2 file", "unpack it with bzip2 -d, and name what was in it"},
    Mark{0,
         "\xfd"
         "7zXZ\0"sv,
         "an xz file", "unpack it with xz -d, and name what was in it"},
    Mark{0, "\x28\xb5\x2f\xfd"sv, "a zstd file", "unpack it with zstd -d, and name what was in it"},
    Mark{0, "\x04\x22\x4d\x18"sv, "an lz4 file", "unpack it with lz4 -d, and name what was in it"},
    Mark{0, "7z\xbc\xaf\x27\x1c"sv, "a 7z archive", unpack},
    Mark{0, "Rar!\x1a\x07"sv, "a RAR archive", unpack},
    Mark{0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file, as Keras and MATLAB write them", convert},
    Mark{0, "MATLAB 5.0 MAT-file"sv, "a MATLAB file", convert},
    Mark{0, "\x93NUMPY"sv, "a NumPy array (.npy)", convert},
    Mark{0, "\x12\x01\0\0\0\0\0\0"sv, "a file of MXNet parameters", convert},
    Mark{4, "TFL3"sv, "a TensorFlow Lite model", convert},
    Mark{0, "GGUF"sv, "a GGUF file", convert},
    Mark{0, "\x89PNG\r\n\x1a\n"sv, "a PNG picture", picture},
    Mark{0, "\xff\xd8\xff"sv, "a JPEG picture", picture},
    Mark{0, "GIF8"sv, "a GIF picture", picture},
    Mark{8, "WEBP"sv, "a WebP picture", picture},
    Mark{4, "ftyp"sv, "an MP4 video, or a HEIC or AVIF picture", picture},
    Mark{0, "II*\0"sv, "a TIFF picture", picture},
    Mark{0, "MM\0*"sv, "a TIFF picture", picture},
    Mark{0, "%PDF"sv, "a PDF document", "name the file that was meant"},
    Mark{0,
         "\x7f"
         "ELF"sv,
         "a program or library", "plugins belong into [run] plugins"},
    Mark{0, "SQLite format 3\0"sv, "an SQLite database", "name the file that was meant"},
    Mark{0, "PAR1"sv, "a Parquet table", "write the pictures in it to files first, a folder for each person"},
    Mark{0, "ARROW1"sv, "an Arrow table", "write the pictures in it to files first, a folder for each person"},
    Mark{0, "\x0a\x23\xd7\xce"sv, "a record file of MXNet", "lafs data info FILE.rec shows it; weights are in another file"},
};

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool starts_without_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && std::equal(start.begin(), start.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
         });
}

/// Without a byte order mark and blanks in front.
std::string_view content(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

/// Pages, messages and pointers, which are text.
std::optional<FileKind> text_kind(std::string_view whole) {
  const std::string_view text = content(whole.substr(0, 4096));
  if (text.starts_with("version https://git-lfs.github.com/spec/")) {
    const size_t size = text.find("\nsize ");
    const std::string_view number = size == std::string_view::npos ? "" : text.substr(size + 6, text.find('\n', size + 6) - size - 6);
    return FileKind{fmt::format("a Git LFS pointer, which stands for a file of {} bytes", number),
                    "run git lfs pull in its repository, or download the file itself"};
  }
  if (text.starts_with("/annex/objects/") || text.starts_with("../.git/annex/objects/"))
    return FileKind{"a git-annex pointer, which stands for another file", "run git annex get in its repository"};
  for (const std::string_view start : {"<!doctype html", "<html", "<head", "<body", "<script", "<!--"}) {
    if (starts_without_case(text, start)) return FileKind{"an HTML page", std::string(page)};
  }
  if (starts_without_case(text, "<?xml") || text.starts_with("<Error>")) return FileKind{"an XML text", std::string(page)};
  return std::nullopt;
}

/// ONNX has no mark: a protocol buffer whose first field is a small version, and whose second names the program that wrote it.
bool is_onnx(std::string_view text) {
  if (text.size() < 16 || text[0] != '\x08' || text[1] < 1 || text[1] > 20) return false;
  if (text[2] != '\x12' && text[2] != '\x3a' && text[2] != '\x42') return false;
  const std::string_view start = text.substr(0, 4096);
  return text[2] != '\x12' || start.find("onnx") != std::string_view::npos || start.find("pytorch") != std::string_view::npos ||
         start.find("tf2") != std::string_view::npos || start.find("keras") != std::string_view::npos ||
         start.find('\x3a') != std::string_view::npos;
}

std::optional<FileKind> marked_kind(std::string_view text) {
  for (const Mark& mark : marks) {
    if (text.size() >= mark.at + mark.bytes.size() && text.substr(mark.at, mark.bytes.size()) == mark.bytes)
      return FileKind{std::string(mark.what), std::string(mark.advice)};
  }
  if (text.size() > 26 && text.starts_with("BM") && from_little_endian(text.data() + 2, 4) <= text.size())
    return FileKind{"a BMP picture", std::string(picture)};
  if (is_onnx(text) && text[1] == 1 && text.substr(0, 4096).find("serve") != std::string_view::npos)
    return FileKind{"a TensorFlow model", std::string(convert)};
  if (is_onnx(text))
    return FileKind{"an ONNX model", "its weights have lost the names of the network: take the file that it was exported from"};
  return std::nullopt;
}

bool is_pickle(std::string_view text) { return text.size() > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5; }

}  // namespace

bool looks_like_safetensors(std::span<const std::byte> bytes) {
  return bytes.size() > 8 && from_little_endian(bytes.data(), 8) <= longest_header && bytes[8] == std::byte{'{'};
}

std::string kind_text(const FileKind& kind) { return fmt::format("it is {}{}{}", kind.what, kind.advice.empty() ? "" : "; ", kind.advice); }

std::string beginning(std::span<const std::byte> bytes) {
  const std::string_view start = text_of(bytes.first(std::min<size_t>(bytes.size(), 40))),
                         line = start.substr(0, start.find_first_of("\r\n"));
  const bool plain = line.size() > 3 && std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"'; });
  if (plain) return fmt::format("with the text \"{}\"", line);
  std::vector<std::string> shown;
  for (const std::byte b : bytes.first(std::min<size_t>(bytes.size(), 8))) shown.push_back(fmt::format("{:02x}", static_cast<uint8_t>(b)));
  return fmt::format("with the bytes {}", fmt::join(shown, " "));
}

std::string some_names(const std::vector<std::string>& names, size_t most) {
  std::string text;
  const size_t shown = names.size() == most + 1 ? names.size() : std::min(names.size(), most);  // "and 1 more" is as long as the name
  for (size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == shown && shown == names.size();
    text += fmt::format("{}\"{}\"", i == 0 ? "" : last ? " and " : ", ", names[i]);
  }
  return shown < names.size() ? fmt::format("{} and {} more", text, names.size() - shown) : text;
}

std::optional<FileKind> file_kind(std::span<const std::byte> bytes) {
  const std::string_view text = text_of(bytes);
  if (text.empty()) return FileKind{"empty", std::string(again)};
  if (text.find_first_not_of('\0') == std::string_view::npos)
    return FileKind{fmt::format("{} bytes that are all zero", text.size()), std::string(again)};
  if (looks_like_safetensors(bytes)) return std::nullopt;
  if (auto kind = archive_kind(bytes)) return kind;
  if (looks_like_torch(bytes)) return std::nullopt;
  if (auto kind = marked_kind(text)) return kind;
  if (auto kind = text_kind(text)) return kind;
  if (is_pickle(text)) {
    return FileKind{"a Python pickle that torch.save did not write",
                    "in Python, if you trust its author, load it and save its arrays by name: torch.save({name: torch.as_tensor(array) for "
                    "name, array in arrays.items()}, \"weights.pth\")",
                    true};
  }
  return std::nullopt;
}

std::optional<std::string> not_data(const std::filesystem::path& file) {
  const MappedFile mapped(file);
  const std::span<const std::byte> bytes = mapped.bytes();
  const std::string name = fmt::format("\"{}\" is ", file.string());
  const bool binary = text_of(bytes.first(std::min<size_t>(bytes.size(), 4096))).find('\0') != std::string_view::npos;
  if (!bytes.empty() && (is_pickle(text_of(bytes)) || starts_without_case(file.extension().string(), ".bin"))) {
    try {
      const FaceBin pairs(bytes, file.string());
      return fmt::format(
          "{}a verification set: {} pairs of pictures, and which of them show one person, but not whom; there is nothing to "
          "train on, pack or embed; lafs eval MODEL --on FILE measures a model on it",
          name, pairs.same().size());
    } catch (const Error& error) {
      if (!looks_like_torch(bytes) && (binary || is_pickle(text_of(bytes))))
        return fmt::format("{}not a list of pictures, and as a verification set it cannot be read either: {}", name, error.what());
    }
  }
  if (looks_like_safetensors(bytes) || (looks_like_torch(bytes) && !archive_kind(bytes)))
    return fmt::format("{}a file of weights, not pictures; weights belong into [[init]], and lafs inspect shows what it holds", name);
  if (const auto kind = file_kind(bytes); kind && !bytes.empty())
    return fmt::format("{}{}{}{}", name, kind->what, kind->advice.empty() ? "" : "; ", kind->advice);
  return std::nullopt;
}

}  // namespace lafs::formats
