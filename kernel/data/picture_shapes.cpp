#include "kernel/data/picture_shapes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace lafs {

namespace {

struct Size {
  int64_t height = 0, width = 0;
  bool operator==(const Size&) const = default;
};

struct Template {
  std::string_view name;
  Size size;
};

constexpr std::array<Template, 2> templates{{{"arcface112", {112, 112}}, {"sphereface96", {112, 96}}}};

/// Whether one is the other scaled, but for rounding to whole pixels.
bool same_proportions(const Size& a, const Size& b) {
  const int64_t difference = std::abs(a.width * b.height - b.width * a.height);
  return difference <= std::max({a.width, a.height, b.width, b.height});
}

std::string text(const Size& size) { return fmt::format("{} x {}", size.width, size.height); }

/// Sizes of a few pictures, each once.
std::vector<Size> some_sizes(const DataSource& source) {
  constexpr int64_t looks = 8;
  std::vector<Size> sizes;
  for (int64_t i = 0; i < std::min(looks, source.size()); ++i) {
    try {
      const Sample sample = source.get(i * source.size() / std::min(looks, source.size()));
      const Size size{sample.image.height, sample.image.width};
      if (std::find(sizes.begin(), sizes.end(), size) == sizes.end()) sizes.push_back(size);
    } catch (const std::exception&) {
      continue;
    }
  }
  return sizes;
}

}  // namespace

std::vector<std::string> shape_notes(const DataSource& source, const InputContract& input) {
  std::vector<std::string> notes;
  const Size wanted{input.height, input.width};
  const auto sizes = some_sizes(source);
  const auto squeezed = std::find_if(sizes.begin(), sizes.end(), [&](const Size& size) { return !same_proportions(size, wanted); });
  if (squeezed != sizes.end()) {
    notes.push_back(fmt::format("pictures such as one of {} pixels are squeezed to the input of {}, as they have other proportions",
                                text(*squeezed), text(wanted)));
  }
  for (const Template& known : templates) {
    const auto other = std::find_if(sizes.begin(), sizes.end(), [&](const Size& size) { return !(size == known.size); });
    if (input.alignment == known.name && other != sizes.end()) {
      notes.push_back(fmt::format(
          "alignment = \"{}\" says that the faces are aligned in pictures of {} pixels, but one has {}; nothing is aligned here",
          known.name, text(known.size), text(*other)));
    }
  }
  return notes;
}

}  // namespace lafs
