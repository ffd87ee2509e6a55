#pragma once
#include <filesystem>
#include <memory>

#include "kernel/data/found_face.h"

namespace lafs {

/// A YuNet model (an ONNX file of OpenCV's model zoo) as OpenCV runs it; faces with a score of at least `least_score`. OpenCV's detectors
/// are opened at the first call, from liblafs_faces.so beside the program. Throws Error for a library that cannot be opened, and for a file
/// that OpenCV does not take for such a model. [any thread]
std::unique_ptr<FaceFinder> open_face_detector(const std::filesystem::path& model, float least_score);

}  // namespace lafs
