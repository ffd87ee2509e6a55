#pragma once
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lafs::formats {

/// What a file is, told from its first bytes, and what can be done with it where it was given in place of another.
struct FileKind {
  std::string what;     ///< continues "it is": "a Git LFS pointer, which stands for a file of 19332096 bytes"
  std::string advice;   ///< continues behind a semicolon; empty where there is none
  bool pickle = false;  ///< of Python, which may be a verification set
};

/// Recognises what is downloaded, packed or saved by mistake where data or weights were meant: pages, pointers, archives, files of other
/// programs, pictures, and what is empty or all zeros. Looks at names inside TAR and zip archives, unpacks nothing. Nothing for a file of
/// torch.save, for safetensors, and for bytes that it does not know. [any thread]
std::optional<FileKind> file_kind(std::span<const std::byte> bytes);

/// Whether a file starts as safetensors do: the length of a header, then "{". It may still be cut off. [any thread]
bool looks_like_safetensors(std::span<const std::byte> bytes);

/// A sentence about a file that was given as pictures, records or a list, and is something else: `"lfw.bin" is a verification set of 6000
/// pairs;
/// ...`. Nothing where the file may be a list. Reads the whole file only where it may be a verification set. Throws Error for a file that
/// cannot be read. [any thread]
std::optional<std::string> not_data(const std::filesystem::path& file);

/// `it is WHAT; ADVICE`, for the end of an error.
std::string kind_text(const FileKind& kind);

/// How a file begins: `with the text "epoch 3"`, or `with the bytes 8a 0b 20`, a few of them.
std::string beginning(std::span<const std::byte> bytes);

/// Names for an error, with quotation marks: `"a", "b" and 7 more`.
std::string some_names(const std::vector<std::string>& names, size_t most = 3);

}  // namespace lafs::formats
