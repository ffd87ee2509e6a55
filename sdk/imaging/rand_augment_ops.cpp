#include "imaging/rand_augment_ops.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include <fmt/format.h>

namespace lafs::imaging {

namespace {

constexpr uint8_t fill = 128;

/// To 15 decimals, as Python's round.
double to_15_decimals(double value) { return std::strtod(fmt::format("{:.15f}", value).c_str(), nullptr); }

template <typename Number>
Tables each_channel(Number number) {
  Tables tables{};
  for (auto& table : tables) {
    for (size_t v = 0; v < 256; ++v) table[v] = static_cast<uint8_t>(number(static_cast<int>(v)));
  }
  return tables;
}

std::array<uint8_t, 256> unchanged() {
  std::array<uint8_t, 256> table{};
  for (size_t v = 0; v < 256; ++v) table[v] = static_cast<uint8_t>(v);
  return table;
}

std::array<uint8_t, 256> stretched(const std::array<int64_t, 256>& counts) {
  int low = 0, high = 255;
  while (low < 255 && counts[static_cast<size_t>(low)] == 0) ++low;
  while (high > 0 && counts[static_cast<size_t>(high)] == 0) --high;
  std::array<uint8_t, 256> table = unchanged();
  if (high <= low) return table;
  const double scale = 255.0 / (high - low), offset = -low * scale;
  for (int v = 0; v < 256; ++v) table[static_cast<size_t>(v)] = static_cast<uint8_t>(std::clamp(v * scale + offset, 0.0, 255.0));
  return table;
}

std::array<uint8_t, 256> evened(const std::array<int64_t, 256>& counts) {
  int64_t total = 0, filled = 0, last = 0;
  for (const int64_t count : counts) {
    total += count;
    filled += count > 0;
    if (count > 0) last = count;
  }
  std::array<uint8_t, 256> table = unchanged();
  const int64_t step = (total - last) / 255;
  if (filled <= 1 || step == 0) return table;
  int64_t sum = step / 2;
  for (size_t v = 0; v < 256; ++v) {
    table[v] = static_cast<uint8_t>(std::min<int64_t>(255, sum / step));
    sum += counts[v];
  }
  return table;
}

void rotate(Canvas& canvas, double degrees, TransformFilter filter) {
  // Python's remainder has the sign of the divisor.
  double turned = std::fmod(degrees, 360.0);
  if (turned < 0) turned += 360.0;
  if (turned == 0) return;
  const double angle = -(turned * (std::numbers::pi / 180.0));
  const double cosine = to_15_decimals(std::cos(angle)), sine = to_15_decimals(std::sin(angle)),
               minus_sine = to_15_decimals(-std::sin(angle));
  const double x = static_cast<double>(canvas.width()) / 2.0, y = static_cast<double>(canvas.height()) / 2.0;
  canvas.transform({cosine, sine, cosine * -x + sine * -y + x, minus_sine, cosine, minus_sine * -x + cosine * -y + y}, filter, fill);
}

}  // namespace

const std::array<NamedOp, 13>& augment_ops() {
  static const std::array<NamedOp, 13> all{{{AugmentOp::auto_contrast, "auto_contrast"},
                                            {AugmentOp::equalise, "equalise"},
                                            {AugmentOp::invert, "invert"},
                                            {AugmentOp::rotate, "rotate"},
                                            {AugmentOp::posterise, "posterise"},
                                            {AugmentOp::colour, "colour"},
                                            {AugmentOp::contrast, "contrast"},
                                            {AugmentOp::brightness, "brightness"},
                                            {AugmentOp::sharpness, "sharpness"},
                                            {AugmentOp::shear_x, "shear_x"},
                                            {AugmentOp::shear_y, "shear_y"},
                                            {AugmentOp::translate_x, "translate_x"},
                                            {AugmentOp::translate_y, "translate_y"}}};
  return all;
}

bool is_geometric(AugmentOp op) { return op == AugmentOp::rotate || op >= AugmentOp::shear_x; }

bool has_level(AugmentOp op) { return op >= AugmentOp::rotate; }

bool has_sign(AugmentOp op, bool increasing) {
  const bool is_factor = op >= AugmentOp::colour && op <= AugmentOp::sharpness;
  return is_geometric(op) || (is_factor && increasing);
}

double argument_of(AugmentOp op, double level, bool increasing, bool negative) {
  const double share = level / 10.0;
  const auto with_sign = [negative](double v) { return negative ? -v : v; };
  switch (op) {
    case AugmentOp::auto_contrast:
    case AugmentOp::equalise:
    case AugmentOp::invert:
      return 0;
    case AugmentOp::rotate:
      return with_sign(share * 30.0);
    case AugmentOp::posterise:
      return increasing ? 4 - std::floor(share * 4) : std::floor(share * 4);
    case AugmentOp::colour:
    case AugmentOp::contrast:
    case AugmentOp::brightness:
    case AugmentOp::sharpness:
      return increasing ? 1.0 + with_sign(share * 0.9) : share * 1.8 + 0.1;
    case AugmentOp::shear_x:
    case AugmentOp::shear_y:
      return with_sign(share * 0.3);
    case AugmentOp::translate_x:
    case AugmentOp::translate_y:
      break;
  }
  return with_sign(share * 0.45);
}

void apply(Canvas& canvas, AugmentOp op, double argument, TransformFilter filter) {
  const double height = static_cast<double>(canvas.height()), width = static_cast<double>(canvas.width());
  switch (op) {
    case AugmentOp::auto_contrast:
    case AugmentOp::equalise: {
      const Histograms counts = canvas.histograms();
      Tables tables{};
      for (size_t c = 0; c < 3; ++c) tables[c] = op == AugmentOp::equalise ? evened(counts[c]) : stretched(counts[c]);
      return canvas.look_up(tables);
    }
    case AugmentOp::invert:
      return canvas.look_up(each_channel([](int v) { return 255 - v; }));
    case AugmentOp::rotate:
      return rotate(canvas, argument, filter);
    case AugmentOp::posterise:
      return canvas.look_up(each_channel([kept = 0xff00 >> static_cast<int>(argument)](int v) { return v & kept; }));
    case AugmentOp::colour:
      return canvas.saturation(argument);
    case AugmentOp::contrast:
      return canvas.contrast(argument);
    case AugmentOp::brightness:
      return canvas.brightness(argument);
    case AugmentOp::sharpness:
      return canvas.sharpness(argument);
    case AugmentOp::shear_x:
      return canvas.transform({1, argument, 0, 0, 1, 0}, filter, fill);
    case AugmentOp::shear_y:
      return canvas.transform({1, 0, 0, argument, 1, 0}, filter, fill);
    case AugmentOp::translate_x:
      return canvas.transform({1, 0, argument * width, 0, 1, 0}, filter, fill);
    case AugmentOp::translate_y:
      return canvas.transform({1, 0, 0, 0, 1, argument * height}, filter, fill);
  }
}

}  // namespace lafs::imaging
