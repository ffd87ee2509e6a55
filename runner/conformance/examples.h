#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/registry/registry.h"

namespace lafs::conformance {

/// Options to try a plugin with. An objective's is the end of a recipe instead: its table and what it needs beside the common ones.
struct Example {
  std::string toml;
  bool batch_coupled = false;  ///< a row's result depends on the other rows, so that half batches need not add up
};

/// Files on disk for plugins that read some: pictures of three identities, four each, as a folder and as a record set; a verification set
/// of twenty pairs; and a network that averages patches, 112 x 112 pixels to 48 numbers, as an ONNX model and as a TorchScript archive.
/// Removed with this object.
class Material {
 public:
  Material();  ///< throws Error when the temporary folder cannot be written
  ~Material();
  Material(const Material&) = delete;
  Material& operator=(const Material&) = delete;

  /// "{images}" becomes the folder of pictures, a folder an identity; "{records}" the record set of the same; "{pairs}" a list of all pairs
  /// of the folder's pictures; "{verification_set}" the set of twenty pairs; "{ijb}" a folder as IJB's; "{templates}" one
  /// of its lists over the pictures of "{images}"; "{onnx}" and "{torchscript}" the network.
  std::string fill(std::string text) const;

 private:
  std::filesystem::path folder_;
};

/// The examples of a plugin: `[[example]]` tables of examples/KIND_NAME.toml beside its library, in which words in braces stand for the
/// material. A table holds the options; of an objective it holds tables of a recipe, and `batch_coupled` where that is true.
/// Without that file: one example without options. Throws PlacedError for a file that is anything else.
std::vector<Example> examples_of(const RegistryEntry& entry, const Material& material);

/// The options of an example alone: an objective's, whose example is the end of a recipe, are those of its table.
std::string own_options(const RegistryEntry& entry, const Example& example);

/// Options without which a plugin cannot be made, where it has no file of examples.
std::vector<std::string> options_without_example(const RegistryEntry& entry);

}  // namespace lafs::conformance
