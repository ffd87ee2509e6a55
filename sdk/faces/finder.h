#pragma once
#include <cstddef>
#include <cstdint>

namespace lafs::faces {

/// A face as OpenCV's YuNet gives it, in pixels.
struct Face {
  float left, top, width, height;
  float points[10];  ///< x y of eye, eye, nose, mouth corner, mouth corner, from the left of the picture
  float score;
};

/// What went wrong, as text; empty: nothing.
struct Fault {
  char text[1000];
};

/// The functions of liblafs_faces.so. They throw nothing. A detector is used by one thread at a time; detectors are independent.
struct Functions {
  void* (*open)(const char* model, float least_score, Fault* fault);  ///< a detector; null with a fault
  /// Faces of an RGB picture, rows of width * 3 bytes; at most `most` are written, from the largest score on. Returns how many.
  int64_t (*find)(void* detector, const uint8_t* rgb, int64_t height, int64_t width, Face* faces, int64_t most, Fault* fault);
  void (*close)(void* detector);
};

/// Name and type of the only symbol that liblafs_faces.so exports.
constexpr const char* functions_name = "lafs_faces";
using FunctionsOf = const Functions* (*)();

}  // namespace lafs::faces
