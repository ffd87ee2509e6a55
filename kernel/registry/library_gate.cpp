#include "kernel/registry/library_gate.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <libelf.h>
#include <unistd.h>

#include "lafs/error.h"
#include "lafs/stamp.h"

namespace lafs {

namespace {

#if defined(__x86_64__)
constexpr int this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr int this_machine = EM_AARCH64;
#else
#error "add the ELF number of this machine"
#endif

/// An open library file, as libelf sees it.
class LibraryFile {
 public:
  explicit LibraryFile(const std::filesystem::path& path) : path_(path.string()), size_(std::filesystem::file_size(path)) {
    if (elf_version(EV_CURRENT) == EV_NONE) fail("cannot be read: libelf is older than its header");
    descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail(fmt::format("cannot be read: {}", std::strerror(errno)));
    elf_ = elf_begin(descriptor_, ELF_C_READ, nullptr);
  }
  ~LibraryFile() {
    if (elf_) elf_end(elf_);
    if (descriptor_ >= 0) close(descriptor_);
  }
  LibraryFile(const LibraryFile&) = delete;
  LibraryFile& operator=(const LibraryFile&) = delete;

  void check_header() {
    if (!elf_ || elf_kind(elf_) != ELF_K_ELF || !gelf_getehdr(elf_, &header_)) fail("is not a shared library");
    if (gelf_getclass(elf_) != ELFCLASS64 || header_.e_machine != this_machine) fail("was built for another kind of machine");
    if (header_.e_type != ET_DYN) fail("is not a shared library");
  }

  /// dlopen crashes the process on a file that ends early, so every end is compared with the file's size first.
  void check_ends() {
    whole("its section table", header_.e_shoff, uint64_t{header_.e_shnum} * header_.e_shentsize);
    whole("its segment table", header_.e_phoff, uint64_t{header_.e_phnum} * header_.e_phentsize);
    for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section; section = elf_nextscn(elf_, section)) {
      GElf_Shdr shape;
      if (!gelf_getshdr(section, &shape)) fail("is damaged: a section's header cannot be read");
      if (shape.sh_type != SHT_NOBITS) whole(fmt::format("section {}", name(shape)), shape.sh_offset, shape.sh_size);
    }
    for (int i = 0; i < header_.e_phnum; ++i) {
      GElf_Phdr shape;
      if (!gelf_getphdr(elf_, i, &shape)) fail("is damaged: a segment's header cannot be read");
      whole(fmt::format("segment {}", i), shape.p_offset, shape.p_filesz);
    }
  }

  Stamp stamp() {
    const auto bytes = section(".lafs_stamp");
    if (!bytes) fail("is not a lafs plugin: it has no stamp");
    Stamp found{};
    if (bytes->size() < sizeof found) fail("its stamp has an unknown format; rebuild the plugin");
    std::memcpy(&found, bytes->data(), sizeof found);
    if (found.magic != stamp_magic) fail("its stamp has an unknown format; rebuild the plugin");
    return found;
  }

  std::string build_id() {
    const auto bytes = section(".note.gnu.build-id");
    constexpr size_t head = sizeof(GElf_Nhdr);
    if (!bytes || bytes->size() < head) return "";
    GElf_Nhdr note;
    std::memcpy(&note, bytes->data(), head);
    const size_t start = head + (size_t{note.n_namesz} + 3) / 4 * 4;
    if (note.n_type != NT_GNU_BUILD_ID || start > bytes->size() || note.n_descsz > bytes->size() - start) return "";
    std::string hex;
    for (const char c : bytes->substr(start, note.n_descsz)) hex += fmt::format("{:02x}", static_cast<uint8_t>(c));
    return hex;
  }

  /// Names of the dynamic symbol table that this file defines for others.
  std::set<std::string> exports() const {
    std::set<std::string> names;
    each_entry(SHT_DYNSYM, [&](Elf_Data* data, int i, size_t strings) {
      GElf_Sym symbol;
      if (!gelf_getsym(data, i, &symbol) || symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS) return;
      const auto visible = GELF_ST_VISIBILITY(symbol.st_other);
      if (GELF_ST_BIND(symbol.st_info) == STB_LOCAL || visible == STV_HIDDEN || visible == STV_INTERNAL) return;
      if (const char* name = elf_strptr(elf_, strings, symbol.st_name)) names.insert(name);
    });
    return names;
  }

  std::vector<std::string> needed() const {
    std::vector<std::string> names;
    each_entry(SHT_DYNAMIC, [&](Elf_Data* data, int i, size_t strings) {
      GElf_Dyn entry;
      if (!gelf_getdyn(data, i, &entry) || entry.d_tag != DT_NEEDED) return;
      if (const char* name = elf_strptr(elf_, strings, entry.d_un.d_val)) names.emplace_back(name);
    });
    return names;
  }

  [[noreturn]] void fail(const std::string& message) const { throw Error(path_ + ": " + message); }

 private:
  void whole(const std::string& part, uint64_t offset, uint64_t length) const {
    if (offset <= size_ && length <= size_ - offset) return;
    if (length > UINT64_MAX - offset) fail(fmt::format("is damaged: {} has an impossible position or size", part));
    fail(fmt::format("is truncated: {} ends at byte {} of {}", part, offset + length, size_));
  }

  /// Calls `visit(data, index, section of its names)` for every entry of the tables of a type.
  template <class Visit>
  void each_entry(uint32_t type, const Visit& visit) const {
    for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section; section = elf_nextscn(elf_, section)) {
      GElf_Shdr shape;
      if (!gelf_getshdr(section, &shape) || shape.sh_type != type || shape.sh_entsize == 0) continue;
      Elf_Data* data = elf_getdata(section, nullptr);
      for (size_t i = 0; data && i < shape.sh_size / shape.sh_entsize; ++i) visit(data, static_cast<int>(i), shape.sh_link);
    }
  }

  std::string name(const GElf_Shdr& shape) const {
    const char* text = elf_strptr(elf_, header_.e_shstrndx, shape.sh_name);
    return text ? text : "without a name";
  }

  /// Bytes of a section; valid as long as this object.
  std::optional<std::string_view> section(std::string_view wanted) const {
    for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section; section = elf_nextscn(elf_, section)) {
      GElf_Shdr shape;
      if (!gelf_getshdr(section, &shape) || name(shape) != wanted) continue;
      const Elf_Data* data = elf_rawdata(section, nullptr);
      if (!data || !data->d_buf) return std::nullopt;
      return std::string_view(static_cast<const char*>(data->d_buf), data->d_size);
    }
    return std::nullopt;
  }

  std::string path_;
  uint64_t size_;
  int descriptor_ = -1;
  Elf* elf_ = nullptr;
  GElf_Ehdr header_{};
};

template <size_t N>
std::string text(const std::array<char, N>& padded) {
  return std::string(padded.data(), strnlen(padded.data(), N));
}

/// A stamp for an error about `other`: what is nearly always equal is printed only where it differs.
std::string words(const Stamp& stamp, const Stamp& other) {
  std::string out = fmt::format("sdk {}, {}, torch {}", text(stamp.sdk), text(stamp.compiler), text(stamp.torch));
  if (stamp.language != other.language) out += fmt::format(", c++ {}", stamp.language);
  if (stamp.cxx11_abi != other.cxx11_abi) out += fmt::format(", cxx11 abi {}", stamp.cxx11_abi);
  if (stamp.debug_containers != other.debug_containers) out += fmt::format(", debug containers {}", stamp.debug_containers);
  return out;
}

bool equal(const Stamp& a, const Stamp& b) {
  return text(a.sdk) == text(b.sdk) && text(a.compiler) == text(b.compiler) && text(a.torch) == text(b.torch) && a.language == b.language &&
         a.cxx11_abi == b.cxx11_abi && a.debug_containers == b.debug_containers;
}

}  // namespace

std::vector<std::filesystem::path> plugin_libraries(const std::filesystem::path& folder) {
  std::error_code code;
  const std::filesystem::directory_iterator items(folder, code);
  if (code) throw Error(fmt::format("cannot read the plugins' folder \"{}\": {}", folder.string(), code.message()));
  std::vector<std::filesystem::path> libraries;
  for (const auto& item : items) {
    if (item.path().extension() == ".so") libraries.push_back(item.path());
  }
  std::sort(libraries.begin(), libraries.end());
  return libraries;
}

std::set<std::string> exported_names(const std::filesystem::path& library) {
  LibraryFile file(library);
  file.check_header();
  file.check_ends();
  return file.exports();
}

std::vector<std::string> needed_libraries(const std::filesystem::path& path) {
  LibraryFile file(path);
  file.check_header();
  file.check_ends();
  return file.needed();
}

std::string check_library(const std::filesystem::path& library) {
  std::error_code code;
  const auto status = std::filesystem::status(library, code);
  if (!std::filesystem::exists(status)) throw Error(library.string() + ": no such file");
  if (!std::filesystem::is_regular_file(status)) throw Error(library.string() + ": is not a file");
  LibraryFile file(library);
  file.check_header();
  file.check_ends();
  const Stamp found = file.stamp();
  constexpr Stamp ours = this_build();
  if (!equal(found, ours)) {
    file.fail(fmt::format("built for {}; this lafs is {}; rebuild the plugin", words(found, ours), words(ours, found)));
  }
  return file.build_id();
}

}  // namespace lafs
