#pragma once
#include <memory>

#include "dnn/network.h"

namespace lafs {

/// Reads a network with liblafs_dnn.so, which stands in the folder above this plugin's and is opened at the first call: OpenCV's dnn takes
/// longer to open than all plugins together. Throws Error where it cannot be opened, and std::runtime_error as `dnn::Open` does.
std::unique_ptr<dnn::Network> open_network(const dnn::ModelBytes& model);

}  // namespace lafs
