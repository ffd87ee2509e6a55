#pragma once
/// A small mutation fuzzer for readers of files. What a target may do with bytes: take them, or throw lafs::Error. Anything else, a report
/// of a sanitizer included, is a failure; its input stays behind as "NAME.crash", and the program run on that file alone repeats it.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "lafs/error.h"

namespace lafs::fuzz {

using Bytes = std::vector<uint8_t>;
using Target = void (*)(std::span<const uint8_t>);

/// A file in memory that holds the bytes, for readers that want a path.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::runtime_error("no file in memory");
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::filesystem::path hold(std::span<const uint8_t> bytes) const {
    const bool held =
        ::ftruncate(descriptor_, 0) == 0 && ::pwrite(descriptor_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
    if (!held) throw std::runtime_error("no room for a file in memory");
    return "/proc/self/fd/" + std::to_string(descriptor_);
  }

 private:
  int descriptor_;
};

/// The input at work, mapped into a file that outlives the process: a sanitizer leaves no time to write.
class Witness {
 public:
  static constexpr size_t room = size_t{1} << 20;

  explicit Witness(std::string file)
      : file_(std::move(file)), descriptor_(::open(file_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0 || ::ftruncate(descriptor_, room) != 0) throw std::runtime_error("cannot write " + file_);
    map_ = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
    if (map_ == MAP_FAILED) throw std::runtime_error("cannot map " + file_);
  }
  ~Witness() { ::close(descriptor_); }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  /// The length stands at the end of the file, since the size of a mapped file cannot follow every input.
  void see(const Bytes& input) {
    const uint64_t size = input.size();
    std::copy(input.begin(), input.end(), static_cast<uint8_t*>(map_));
    std::memcpy(static_cast<uint8_t*>(map_) + room - sizeof size, &size, sizeof size);
  }
  void forget() { ::unlink(file_.c_str()); }

 private:
  std::string file_;
  int descriptor_;
  void* map_ = nullptr;
};

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}
  static constexpr size_t longest = 65536;

  size_t below(size_t n) { return n == 0 ? 0 : random_() % n; }

  Bytes change(const std::vector<Bytes>& corpus) {
    Bytes input = corpus[below(corpus.size())];
    for (size_t n = 1 + below(6); n > 0; --n) once(input, corpus);
    input.resize(std::min(input.size(), longest));
    return input;
  }

 private:
  void once(Bytes& input, const std::vector<Bytes>& corpus) {
    const size_t at = below(input.size()), count = 1 + below(std::min<size_t>(input.size() + 1, 32));
    const auto begin = input.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = input.begin() + static_cast<std::ptrdiff_t>(std::min(at + count, input.size()));
    switch (below(7)) {
      case 0:
        if (!input.empty()) input[at] ^= static_cast<uint8_t>(1u << below(8));
        break;
      case 1:
        if (!input.empty()) input[at] = static_cast<uint8_t>(random_());
        break;
      case 2:
        number(input, at);
        break;
      case 3:
        input.erase(begin, end);
        break;
      case 4: {
        const Bytes copy(begin, end);
        const size_t where = below(input.size() + 1);
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(where), copy.begin(), copy.end());
        break;
      }
      case 5:
        input.resize(at);
        break;
      default: {
        const Bytes& other = corpus[below(corpus.size())];
        const size_t from = below(other.size());
        input.resize(at);
        input.insert(input.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
      }
    }
  }

  /// Lengths and counts at their borders, where readers go wrong.
  void number(Bytes& input, size_t at) {
    static constexpr uint64_t borders[] = {
        0, 1, 4, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x1fffffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0xffffffffffffffff};
    const uint64_t value = borders[below(std::size(borders))] + below(3) - 1;
    const size_t width = size_t{1} << below(4);
    for (size_t i = 0; i < width && at + i < input.size(); ++i) input[at + i] = static_cast<uint8_t>(value >> (8 * i));
  }

  std::mt19937_64 random_;
};

inline Bytes read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  Bytes bytes{std::istreambuf_iterator<char>(in), {}};
  if (file.extension() == ".crash" && bytes.size() == Witness::room) {
    uint64_t size = 0;
    std::memcpy(&size, bytes.data() + bytes.size() - sizeof size, sizeof size);
    bytes.resize(std::min<uint64_t>(size, bytes.size()));
  }
  return bytes;
}

/// What the target said of an input, without numbers and names: a new sentence means a new path through the reader.
inline std::string outcome(Target target, const Bytes& input) {
  try {
    target(input);
    return "taken";
  } catch (const Error& error) {
    std::string kept;
    for (const char* c = error.what(); *c; ++c) {
      if (!std::isdigit(static_cast<unsigned char>(*c))) kept += *c;
    }
    return kept.substr(0, 80);
  }
}

/// `PROGRAM FILE` runs one input; `PROGRAM FOLDER [SECONDS [SEED]]` runs the corpus, and mutations of it until the time is over.
inline int run(const char* name, Target target, int argc, char** argv) {
  namespace fs = std::filesystem;
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FILE | FOLDER [SECONDS [SEED]]\n", argv[0]);
    return 2;
  }
  if (!fs::is_directory(argv[1])) {
    std::printf("%s\n", outcome(target, read_file(argv[1])).c_str());
    return 0;
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(argv[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Bytes> corpus;
  for (const fs::path& file : files) corpus.push_back(read_file(file));
  if (corpus.empty()) corpus.emplace_back();
  const double seconds = argc > 2 ? std::atof(argv[2]) : 10;
  const uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  Mutator mutator(seed);
  Witness witness(std::string(name) + ".crash");
  std::set<std::string> known;
  const auto start = std::chrono::steady_clock::now();
  size_t runs = 0;
  const size_t stored = corpus.size();
  for (; runs < stored || std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds; ++runs) {
    Bytes input = runs < stored ? corpus[runs] : mutator.change(corpus);
    witness.see(input);
    try {
      if (known.insert(outcome(target, input)).second && runs >= stored && corpus.size() < 4096) corpus.push_back(std::move(input));
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: failed after %zu inputs, see %s.crash: %s\n", name, runs + 1, name, error.what());
      return 1;
    }
  }
  witness.forget();
  std::printf("%s: %zu inputs, %zu outcomes\n", name, runs, known.size());
  return 0;
}

}  // namespace lafs::fuzz
