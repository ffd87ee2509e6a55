#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/mapped_file.h"
#include "formats/pickle.h"
#include "formats/zip_archive.h"

namespace lafs::formats {

/// A tensor of a `.pth` file: a view of a storage, which several may share. Offset and strides count elements.
struct TorchTensor {
  std::string dtype;  ///< as safetensors writes it: "F32", "BF16", "BOOL"
  std::vector<int64_t> shape, strides;
  int64_t offset = 0;
  std::string storage;              ///< key in the file
  std::span<const std::byte> data;  ///< of the whole storage; valid while the checkpoint lives

  int64_t elements() const;
};

/// A file of `torch.save`: the zip form and the one before PyTorch 1.6 (data-formats 6). Nothing in it is executed.
/// [any thread once made]
class TorchCheckpoint {
 public:
  /// Reads the structure; tensor bytes stay in the file. A tensor of a type that is not supported does not refuse the others: see
  /// `unusable`. Throws Error naming the file; for a kind of file that is not supported the text also says how to save it again in Python.
  explicit TorchCheckpoint(const std::filesystem::path& file);
  /// Reads from memory that outlives it; errors use `name` in place of the file.
  TorchCheckpoint(std::span<const std::byte> bytes, std::string name);

  /// The object that was saved. `tensor_of` finds out which of its values are tensors.
  const PickleValue& root() const { return pickle_->root(); }
  /// Every tensor by its path: keys of dicts and places in lists joined with dots, "teacher.backbone.cls_token". In the order of the file.
  /// A file that is itself a tensor has one, named "". Throws Error when a path occurs twice.
  const std::vector<std::pair<std::string, TorchTensor>>& tensors() const { return tensors_; }
  /// Tensors and arrays that cannot be read as tensors, by path, and why: ("mask", "it holds complex numbers"). In the order of the file.
  const std::vector<std::pair<std::string, std::string>>& unusable() const { return unusable_; }
  /// Objects of classes this reader does not know, by path: ("args", "argparse.Namespace").
  const std::vector<std::pair<std::string, std::string>>& opaque() const { return opaque_; }
  /// The tensor that a value describes; nothing for a value of another kind.
  std::optional<TorchTensor> tensor_of(const PickleValue& value) const;
  /// Row-major, contiguous bytes of a tensor.
  std::vector<std::byte> bytes(const TorchTensor& tensor) const;
  /// Compares every storage with its checksum; the older form has none. Throws Error naming the storage.
  void verify() const;

 private:
  void read(std::span<const std::byte> bytes);
  void read_zip(std::span<const std::byte> bytes);
  void read_legacy(std::span<const std::byte> bytes);
  void read_storages(std::span<const std::byte> rest, const PickleValue& keys);
  void collect(const PickleValue& value, const std::string& path, int depth);
  void collect_object(const PickleValue& value, const std::string& path);
  std::optional<TorchTensor> read_tensor(const PickleValue& value) const;
  std::optional<TorchTensor> built(std::string_view function, const PickleValue& arguments, int depth) const;
  std::vector<int64_t> sizes_of(const PickleValue& value) const;
  std::span<const std::byte> storage_bytes(const std::string& key) const;
  TorchTensor storage(const PickleValue& reference) const;
  void check(const TorchTensor& tensor) const;
  [[noreturn]] void fail(const std::string& reason) const;

  /// Ends errors about files that this reader does not support.
  static constexpr std::string_view readable_again =
      "; to make it readable, save it again in Python: torch.save(dict(model.state_dict()), \"weights.pth\")";

  std::string name_;
  std::optional<MappedFile> file_;
  std::optional<ZipArchive> zip_;
  std::string folder_;                                                     ///< inside the zip
  std::map<std::string, std::span<const std::byte>, std::less<>> legacy_;  ///< storages by key
  std::unique_ptr<Pickle> pickle_;
  std::vector<std::pair<std::string, TorchTensor>> tensors_;
  std::vector<std::pair<std::string, std::string>> opaque_, unusable_;
  size_t visited_ = 0;
  std::vector<const PickleValue*> inside_of_;  ///< while collecting: the dicts and lists around a value
};

/// Bytes of an element of a type as safetensors writes it; 0 for an unknown one.
size_t torch_item_size(std::string_view dtype);

/// Whether a file starts as a file of `torch.save` does. True for tar files too, which opening then rejects with a reason.
bool looks_like_torch(std::span<const std::byte> bytes);

}  // namespace lafs::formats
