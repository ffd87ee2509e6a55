#include "kernel/data/face_detector.h"

#include <dlfcn.h>

#include <array>
#include <string>

#include <fmt/format.h>

#include "faces/finder.h"
#include "lafs/error.h"

namespace lafs {

namespace {

/// The library, or why it cannot be opened; opened once. Deeply bound: OpenCV's networks bring a protobuf of their own, whose functions
/// have the names of LibTorch's.
struct FacesLibrary {
  const faces::Functions* functions = nullptr;
  std::string fault;

  FacesLibrary() {
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
    const std::filesystem::path file = (program.parent_path() / "../lib/lafs/liblafs_faces.so").lexically_normal();
    int how = RTLD_NOW | RTLD_LOCAL;
#ifndef __SANITIZE_ADDRESS__
    how |= RTLD_DEEPBIND;
#endif
    void* library = dlopen(file.c_str(), how);
    void* symbol = library ? dlsym(library, faces::functions_name) : nullptr;
    if (!symbol) {
      const char* reason = dlerror();
      fault = reason ? reason : "unknown";
      return;
    }
    functions = reinterpret_cast<faces::FunctionsOf>(symbol)();
  }
};

const faces::Functions& functions() {
  static const FacesLibrary library;
  if (!library.functions) throw Error(fmt::format("OpenCV's face detector cannot be opened: {}", library.fault));
  return *library.functions;
}

class YuNet final : public FaceFinder {
 public:
  YuNet(const std::filesystem::path& model, float least_score) : model_(model) {
    if (!std::filesystem::is_regular_file(model)) throw Error(fmt::format("the model \"{}\" is not a file", model.string()));
    faces::Fault fault{};
    detector_ = functions().open(model.c_str(), least_score, &fault);
    if (!detector_)
      throw Error(
          fmt::format("\"{}\" is not a YuNet model that this OpenCV runs: {}; OpenCV 4.5.4 to 4.7 run face_detection_yunet_2022mar.onnx, "
                      "from 4.8 on it is face_detection_yunet_2023mar.onnx",
                      model.string(), fault.text));
  }
  ~YuNet() override { functions().close(detector_); }
  YuNet(const YuNet&) = delete;
  YuNet& operator=(const YuNet&) = delete;

  std::vector<FoundFace> find(const Image& picture) override {
    std::array<faces::Face, 100> rows{};
    faces::Fault fault{};
    const int64_t count =
        functions().find(detector_, picture.bytes.get(), picture.height, picture.width, rows.data(), std::ssize(rows), &fault);
    if (fault.text[0]) throw Error(fmt::format("the face detector \"{}\" failed: {}", model_.string(), fault.text));
    std::vector<FoundFace> found;
    for (const faces::Face& row : std::span(rows).first(static_cast<size_t>(count))) {
      FoundFace face{imaging::five_points(row.points), {row.left, row.top, row.left + row.width, row.top + row.height}};
      found.push_back(face);
    }
    return found;
  }

 private:
  std::filesystem::path model_;
  void* detector_ = nullptr;
};

}  // namespace

std::unique_ptr<FaceFinder> open_face_detector(const std::filesystem::path& model, float least_score) {
  return std::make_unique<YuNet>(model, least_score);
}

}  // namespace lafs
