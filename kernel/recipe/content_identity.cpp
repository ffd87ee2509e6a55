#include "kernel/recipe/content_identity.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "formats/fingerprint.h"
#include "kernel/recipe/document.h"
#include "kernel/recipe/weight_files.h"
#include "lafs/error.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// That of the file; of several, of all their hashes.
std::string hash_of_weights(const WeightFiles& files) {
  if (files.parts.size() == 1 && files.named == files.parts[0]) return hash_of_file(files.named);
  std::string hashes;
  for (const fs::path& part : files.parts) hashes += hash_of_file(part) + "\n";
  return identity_of(hashes);
}

}  // namespace

std::string hash_of_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(fmt::format("cannot read \"{}\": {}", file.string(), std::strerror(errno)));
  formats::Fingerprint content;
  std::vector<char> chunk(size_t{1} << 20);
  while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), in.gcount() > 0)
    content.add_bytes(chunk.data(), static_cast<size_t>(in.gcount()));
  if (in.bad()) throw Error(fmt::format("cannot read \"{}\"", file.string()));
  return content.hex();
}

void identify_weights(std::vector<InitEntry>& init) {
  for (InitEntry& entry : init) {
    if (!entry.identity.empty()) continue;
    if (!fs::is_regular_file(entry.from.value) && !fs::is_directory(entry.from.value)) continue;
    if (const auto files = weight_files(entry.from.value)) entry.identity = hash_of_weights(*files);
  }
}

}  // namespace lafs
