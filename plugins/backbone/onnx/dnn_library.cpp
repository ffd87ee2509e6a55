#include "dnn_library.h"

#include <dlfcn.h>

#include <filesystem>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

namespace {

/// The folder of the library that holds this function.
std::filesystem::path own_folder() {
  Dl_info info{};
  dladdr(reinterpret_cast<const void*>(&own_folder), &info);
  return std::filesystem::path(info.dli_fname).parent_path();
}

}  // namespace

std::unique_ptr<dnn::Network> open_network(const dnn::ModelBytes& model) {
  const std::filesystem::path library = (own_folder() / ".." / "liblafs_dnn.so").lexically_normal();
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);  // again and again the same one; it is never closed
  if (!handle) {
    throw Error(fmt::format("OpenCV's dnn cannot be opened: {}; ./bootstrap installs it and builds \"{}\"", dlerror(), library.string()));
  }
  const auto open = reinterpret_cast<dnn::Open*>(dlsym(handle, dnn::open_symbol));
  if (!open) throw Error(fmt::format("\"{}\" is of another version of lafs; build it again", library.string()));
  return std::unique_ptr<dnn::Network>(open(model));
}

}  // namespace lafs
