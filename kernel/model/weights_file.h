#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lafs {

/// One tensor of a file of weights.
struct StoredTensor {
  std::string name, dtype;  ///< dtype as safetensors writes it
  std::vector<int64_t> shape;
};

/// The tensors of a file by name, whatever its format: safetensors, `.pth`, or the folder of a checkpoint or run. [any thread]
class WeightsFile {
 public:
  /// Verifies hashes and checksums. Throws Error naming the file.
  explicit WeightsFile(const std::filesystem::path& path);

  const std::vector<StoredTensor>& tensors() const { return tensors_; }  ///< in the order of the file
  std::vector<std::string> names() const;
  std::vector<std::byte> bytes(size_t tensor) const;           ///< row-major
  const std::filesystem::path& file() const { return file_; }  ///< what was opened: of a folder, its weights
  /// XXH3-128 of names, types, shapes and bytes, hex.
  std::string hash() const;

  struct Source {
    virtual ~Source() = default;
    virtual std::vector<std::byte> bytes(size_t tensor) const = 0;
  };

 private:
  std::filesystem::path file_;
  std::vector<StoredTensor> tensors_;
  std::shared_ptr<const Source> source_;
};

}  // namespace lafs
