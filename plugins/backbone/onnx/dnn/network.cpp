#include "network.h"

#include <algorithm>
#include <mutex>
#include <regex>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/core/version.hpp>
#include <opencv2/dnn.hpp>

namespace lafs::dnn {

namespace {

std::string first_match(const std::string& text, const char* pattern, size_t group = 1) {
  std::smatch found;
  return std::regex_search(text, found, std::regex(pattern)) ? found.str(group) : "";
}

/// OpenCV's own words, without the places in its sources.
std::string detail_of(const cv::Exception& error) {
  std::string text = error.err;
  if (const size_t at = text.rfind("parse error: "); at != std::string::npos) text.erase(0, at + 13);
  text = std::regex_replace(text, std::regex("OpenCV\\([^)]*\\) \\S+:\\d+: error: \\([^)]*\\) ?"), "");
  text = std::regex_replace(text, std::regex("[\\s>]+"), " ");
  const size_t first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
  return first == std::string::npos ? "it gives no reason" : text.substr(first, last - first + 1);
}

/// What OpenCV puts before the names of an ONNX model's nodes, to keep them apart from those of its outputs.
constexpr std::string_view node_mark = "onnx_node!";

std::string plain(const std::string& name) { return name.starts_with(node_mark) ? name.substr(node_mark.size()) : name; }

/// What OpenCV means by an exception of reading, in words.
std::string reason(const cv::Exception& error) {
  const char* node = "Node \\[([^@\\]]+)@[^\\]]*\\]:\\((onnx_node!)?([^)]*)\\) parse error";
  const char* layer = "Can't create layer \"([^\"]*)\" of type \"([^\"]+)\"";
  const std::string text = error.err, operation = first_match(text, node), unknown = first_match(text, layer, 2);
  if (!unknown.empty())
    return fmt::format("OpenCV {} has no operator \"{}\" (node \"{}\")", CV_VERSION, unknown, plain(first_match(text, layer)));
  if (!operation.empty()) {
    return fmt::format("OpenCV {} cannot take the operator \"{}\" (node \"{}\"): {}", CV_VERSION, operation, first_match(text, node, 3),
                       detail_of(error));
  }
  return fmt::format("OpenCV {}: {}", CV_VERSION, detail_of(error));
}

template <typename Work>
auto in_words(const Work& work) {
  try {
    return work();
  } catch (const cv::Exception& error) {
    throw std::runtime_error(reason(error));
  }
}

/// OpenCV prints every error before it throws it.
int print_nothing(int, const char*, const char*, const char*, int, void*) { return 0; }

class DnnNetwork final : public Network {
 public:
  explicit DnnNetwork(const ModelBytes& model) {
    static std::once_flag once;
    std::call_once(once, [] {
      cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
      cv::redirectError(print_nothing);
      cv::setNumThreads(1);
    });
    net_ = in_words([&] {
      const auto& [weights, network] = model;
      return network.empty() ? cv::dnn::readNetFromONNX(weights.data(), weights.size())
                             : cv::dnn::readNetFromCaffe(network.data(), network.size(), weights.data(), weights.size());
    });
    if (net_.empty()) throw std::runtime_error(fmt::format("OpenCV {} finds no layer in it", CV_VERSION));
    net_.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    net_.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
  }

  std::vector<std::string> layers() const override { return plain_names(net_.getLayerNames()); }
  std::vector<std::string> ends() const override { return plain_names(net_.getUnconnectedOutLayersNames()); }

  Output forward(const float* picture, int64_t height, int64_t width, const std::string& layer) override {
    return in_words([&] {
      const int sizes[4] = {1, 3, static_cast<int>(height), static_cast<int>(width)};
      net_.setInput(cv::Mat(4, sizes, CV_32F, const_cast<float*>(picture)));
      cv::Mat out;
      try {
        const std::string node = std::string(node_mark) + layer;
        net_.forward(out, net_.getLayerId(node) >= 0 ? node : layer);
      } catch (const cv::Exception& error) {
        throw std::runtime_error(failing(error));
      }
      out.convertTo(out, CV_32F);
      Output output;
      for (int d = 0; d < out.dims; ++d) output.shape.push_back(out.size[d]);
      const auto* values = out.ptr<float>();
      output.values.assign(values, values + out.total());
      return output;
    });
  }

 private:
  static std::vector<std::string> plain_names(std::vector<std::string> names) {
    std::transform(names.begin(), names.end(), names.begin(), plain);
    return names;
  }

  /// Which layer fails, found by running the network up to each: OpenCV does not say it.
  std::string failing(const cv::Exception& error) {
    for (const std::string& name : net_.getLayerNames()) {
      try {
        net_.forward(name);
      } catch (const cv::Exception& inner) {
        return fmt::format("OpenCV {} fails in node \"{}\", its layer \"{}\": {}", CV_VERSION, plain(name),
                           net_.getLayer(net_.getLayerId(name))->type, detail_of(inner));
      }
    }
    return reason(error);
  }

  cv::dnn::Net net_;
};

}  // namespace

}  // namespace lafs::dnn

extern "C" __attribute__((visibility("default"))) lafs::dnn::Network* lafs_open_dnn_1(const lafs::dnn::ModelBytes& model) {
  return new lafs::dnn::DnnNetwork(model);
}
