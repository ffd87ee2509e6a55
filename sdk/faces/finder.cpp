#include "faces/finder.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>

#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

namespace lafs::faces {

namespace {

/// Faces of 10 to 300 pixels are what YuNet was made for, so larger pictures are made smaller for it.
constexpr int longest_side = 640;

struct Detector {
  cv::Ptr<cv::FaceDetectorYN> yunet;
};

/// Calls `work`, and writes down what it throws. An exception must not leave a library that may have another one's idea of it.
template <typename Work>
void guarded(Fault* fault, const Work& work) {
  fault->text[0] = '\0';
  try {
    work();
  } catch (const cv::Exception& error) {
    std::snprintf(fault->text, sizeof fault->text, "%s", error.err.c_str());
  } catch (const std::exception& error) {
    std::snprintf(fault->text, sizeof fault->text, "%s", error.what());
  }
  std::replace(fault->text, fault->text + sizeof fault->text, '\n', ' ');
}

void* open(const char* model, float least_score, Fault* fault) {
  std::unique_ptr<Detector> detector;
  guarded(fault, [&] {
    cv::setNumThreads(1);  // pictures are spread over threads, not a picture
    detector = std::make_unique<Detector>(Detector{cv::FaceDetectorYN::create(model, "", {longest_side, longest_side}, least_score)});
    // A model that is not a YuNet is noticed only when it runs.
    cv::Mat faces;
    detector->yunet->detect(cv::Mat(longest_side, longest_side, CV_8UC3, cv::Scalar()), faces);
  });
  return fault->text[0] ? nullptr : detector.release();
}

cv::Mat smaller(const cv::Mat& picture, double scale) {
  cv::Mat out = picture;
  if (scale < 1) cv::resize(picture, out, {}, scale, scale, cv::INTER_AREA);
  return out;
}

int64_t find(void* opened, const uint8_t* rgb, int64_t height, int64_t width, Face* faces, int64_t most, Fault* fault) {
  int64_t count = 0;
  guarded(fault, [&] {
    const cv::Mat picture(static_cast<int>(height), static_cast<int>(width), CV_8UC3, const_cast<uint8_t*>(rgb));
    const double scale = std::min(1.0, static_cast<double>(longest_side) / static_cast<double>(std::max(height, width)));
    cv::Mat bgr, rows;
    cv::cvtColor(smaller(picture, scale), bgr, cv::COLOR_RGB2BGR);
    cv::FaceDetectorYN& yunet = *static_cast<Detector*>(opened)->yunet;
    yunet.setInputSize(bgr.size());
    yunet.detect(bgr, rows);
    count = std::min<int64_t>(rows.rows, most);
    const auto back = static_cast<float>(1 / scale);
    for (int64_t i = 0; i < count; ++i) {
      const float* row = rows.ptr<float>(static_cast<int>(i));
      faces[i] = {row[0] * back, row[1] * back, row[2] * back, row[3] * back, {}, row[14]};
      for (int k = 0; k < 10; ++k) faces[i].points[k] = row[4 + k] * back;
    }
  });
  return count;
}

void close(void* detector) { delete static_cast<Detector*>(detector); }

constexpr Functions functions{open, find, close};

}  // namespace

extern "C" [[gnu::visibility("default")]] const Functions* lafs_faces() { return &functions; }

}  // namespace lafs::faces
