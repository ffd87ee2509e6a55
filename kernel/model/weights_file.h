#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lafs {

struct WeightFiles;

/// One tensor of a file of weights.
struct StoredTensor {
  std::string name, dtype;  ///< dtype as safetensors writes it
  std::vector<int64_t> shape;
  std::string problem;  ///< why it cannot be loaded, "it holds complex numbers"; empty: it can. Type and shape may then be unknown
};

/// The tensors of a file by name, whatever its format: safetensors, `.pth`, several of them under an index, or the folder of a checkpoint,
/// of a run or of Hugging Face. [any thread]
class WeightsFile {
 public:
  /// Verifies hashes and checksums. Throws Error naming the file, and what it is if it is not a file of weights.
  explicit WeightsFile(const std::filesystem::path& path);

  const std::vector<StoredTensor>& tensors() const { return tensors_; }  ///< in the order of the file
  std::vector<std::string> names() const;
  std::vector<std::byte> bytes(size_t tensor) const;           ///< row-major; not for one with a problem
  const std::filesystem::path& file() const { return file_; }  ///< what was opened: of a folder, its weights or their index
  /// XXH3-128 of names, types, shapes and bytes, hex. Tensors with a problem are left out.
  std::string hash() const;
  /// What to say where tensors are missing: the file is one of several parts. Empty otherwise.
  std::string hint() const;

  struct Source {
    virtual ~Source() = default;
    virtual std::vector<std::byte> bytes(size_t tensor) const = 0;
  };

 private:
  void open(const std::filesystem::path& file);
  void join(const WeightFiles& files);
  void open_torch(const std::filesystem::path& file);
  void open_safetensors(const std::filesystem::path& file);
  void add(StoredTensor tensor, size_t place);

  std::filesystem::path file_;
  std::vector<StoredTensor> tensors_;
  std::vector<std::pair<size_t, size_t>> places_;  ///< of each tensor: source, and number there
  std::vector<std::shared_ptr<const Source>> sources_;
};

/// Throws Error saying what the file is, and what to do, unless it may be read as weights: `cannot read "x" as weights: it is ...`.
void check_weights_kind(const std::filesystem::path& file);

}  // namespace lafs
