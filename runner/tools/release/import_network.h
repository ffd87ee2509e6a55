#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kernel/model/load.h"
#include "lafs/backbone.h"
#include "runner/tools/release/recognise.h"

namespace lafs {

/// How the tensors of a file become a network of ours.
struct NetworkPlan {
  std::string name;  ///< in tables, and of its folder of results
  std::filesystem::path file;
  std::string backbone;  ///< plugin: "part_fvit", "fvit"
  std::string options;   ///< of the plugin, TOML: the sizes that the tensors have
  std::string map;       ///< name map
  std::filesystem::path landmarks =
      {};  ///< file of a supervised Part-fViT that the landmark CNN is taken from; empty: the file's own, or none
};

/// The plan for a network of this shape. `with_landmarks`: its tokens are patches at landmarks.
NetworkPlan network_plan(const std::filesystem::path& file, const Recognised& seen, bool with_landmarks);

/// A network with what became of every tensor.
struct ImportedNetwork {
  std::shared_ptr<Backbone> backbone;  ///< null where it cannot be used
  std::vector<LoadAccount> accounts;   ///< of the file, then of the file of the landmark CNN
  std::vector<std::string> texts;      ///< each as a sentence
  std::string hash;                    ///< of the tensors of all files
  std::string fault;                   ///< why the network cannot be used: less than all of it was found
};

/// Imports a network with a full account: every tensor of the network must be in the file, with finite values, and the file may have no
/// tensor of a larger network. The class matrix is listed and not loaded. Throws Error for a file that cannot be read. [main thread]
ImportedNetwork import_network(const NetworkPlan& plan, const Registry& registry);

}  // namespace lafs
