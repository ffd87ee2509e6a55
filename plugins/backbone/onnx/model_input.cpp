#include "model_input.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "lafs/error.h"

namespace lafs {

std::string shape_text(const std::vector<Dim>& dims) {
  std::string text;
  for (const Dim& dim : dims) {
    if (!text.empty()) text += ",";
    text += dim.size > 0 ? fmt::format("{}", dim.size) : dim.name.empty() ? "?" : dim.name;
  }
  return "[" + text + "]";
}

std::optional<std::vector<Dim>> caffe_input(std::string_view network) {
  const bool old = network.find("input_dim") != std::string_view::npos;
  const size_t input = old ? 0 : std::min(network.find("\"Input\""), network.find("input_shape"));
  const std::string_view key = old ? "input_dim" : "dim";
  std::vector<Dim> dims;
  for (size_t at = input; at != std::string_view::npos && dims.size() < 4;) {
    at = network.find(key, at);
    if (at != std::string_view::npos) at = network.find_first_not_of(": \t", at + key.size());
    if (at == std::string_view::npos) break;
    Dim dim;
    const auto [end, error] = std::from_chars(network.data() + at, network.data() + network.size(), dim.size);
    if (error == std::errc()) dims.push_back(dim);
  }
  if (dims.size() < 4) return std::nullopt;
  return dims;
}

void check_input(const std::vector<Dim>& dims, const InputContract& input, const std::string& file) {
  if (dims.size() != 4 || (dims[1].size > 0 && dims[1].size != 3)) {
    throw Error(fmt::format("{} takes {}, and pictures are [1,3,{},{}]: export it for pictures of three channels, channels first", file,
                            shape_text(dims), input.height, input.width));
  }
  if (dims[0].size > 1) throw Error(fmt::format("{} takes {} pictures at once: export it for a batch of 1", file, dims[0].size));
  const auto other = [](const Dim& dim, int64_t wanted) { return dim.size > 0 && dim.size != wanted; };
  if (other(dims[2], input.height) || other(dims[3], input.width)) {
    throw Error(
        fmt::format("{} takes pictures of {} x {} pixels, and the input contract has {} x {}: set height = {} and width = {} in [input]",
                    file, dims[2].size, dims[3].size, input.height, input.width, dims[2].size, dims[3].size));
  }
}

}  // namespace lafs
