#include "face.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lafs::synthetic_faces {

namespace {

float between(Rng& rng, double low, double high) { return static_cast<float>(rng.uniform(low, high)); }
float around(Rng& rng, double half) { return between(rng, -half, half); }

Colour shaken(Rng& rng, const Colour& colour, double by) {
  const float all = around(rng, by);
  return {colour.r + all + around(rng, by / 2), colour.g + all + around(rng, by / 2), colour.b + all + around(rng, by / 2)};
}

Colour any_colour(Rng& rng) {
  const float r = between(rng, 0.1, 0.9), g = between(rng, 0.1, 0.9), b = between(rng, 0.1, 0.9);
  return {r, g, b};
}

template <size_t N>
Colour one_of_these(Rng& rng, const std::array<Colour, N>& palette, double by) {
  return shaken(rng, palette[static_cast<size_t>(rng.integer(0, N))], by);
}

void draw_colours(Rng& rng, Face& face) {
  static constexpr std::array<Colour, 4> skins{
      {{0.95f, 0.79f, 0.69f}, {0.86f, 0.66f, 0.52f}, {0.66f, 0.46f, 0.34f}, {0.42f, 0.28f, 0.21f}}};
  static constexpr std::array<Colour, 7> hairs{{{0.08f, 0.07f, 0.07f},
                                                {0.22f, 0.14f, 0.09f},
                                                {0.40f, 0.26f, 0.15f},
                                                {0.50f, 0.22f, 0.10f},
                                                {0.78f, 0.63f, 0.36f},
                                                {0.62f, 0.61f, 0.60f},
                                                {0.72f, 0.38f, 0.16f}}};
  static constexpr std::array<Colour, 5> irises{
      {{0.25f, 0.14f, 0.07f}, {0.25f, 0.45f, 0.70f}, {0.30f, 0.48f, 0.28f}, {0.45f, 0.50f, 0.53f}, {0.50f, 0.34f, 0.12f}}};
  const double tone = rng.uniform(0, 3);
  const auto step = static_cast<size_t>(tone);
  face.skin =
      shaken(rng, mix(skins[step], skins[std::min<size_t>(step + 1, 3)], static_cast<float>(tone - static_cast<double>(step))), 0.03);
  face.hair = one_of_these(rng, hairs, 0.05);
  face.brow = mix(face.hair * 0.75f, face.skin * 0.35f, between(rng, 0.1, 0.5));
  face.iris = one_of_these(rng, irises, 0.05);
  face.lips = mix(face.skin * 0.8f, {0.72f, 0.25f, 0.28f}, between(rng, 0.2, 0.9));
  face.frame = one_of_these(rng, hairs, 0.1);
}

void draw_features(Rng& rng, Face& face) {
  face.eye_x = between(rng, 0.105, 0.160);
  face.eye_y = between(rng, -0.105, -0.030);
  face.eye_width = between(rng, 0.040, 0.068);
  face.eye_height = face.eye_width * between(rng, 0.38, 0.70);
  face.eye_slant = around(rng, 0.22);
  face.brow_gap = between(rng, 0.050, 0.092);
  face.brow_width = between(rng, 0.060, 0.095);
  face.brow_thickness = between(rng, 0.006, 0.021);
  face.brow_slant = around(rng, 0.28);
  face.nose_y = between(rng, 0.055, 0.135);
  face.nose_width = between(rng, 0.030, 0.075);
  face.nose_bridge = between(rng, 0.008, 0.022);
  face.mouth_y = face.nose_y + between(rng, 0.090, 0.150);
  face.mouth_width = between(rng, 0.070, 0.135);
  face.upper_lip = between(rng, 0.007, 0.024);
  face.lower_lip = between(rng, 0.010, 0.034);
}

}  // namespace

Face draw_face(Rng rng) {
  Face face{};
  face.half_width = between(rng, 0.255, 0.345);
  face.half_height = between(rng, 0.370, 0.445);
  face.jaw = between(rng, 0.0, 0.42);
  face.depth = between(rng, 0.24, 0.32);
  draw_features(rng, face);
  face.hairline = rng.coin(0.07) ? -0.6f : between(rng, -0.36, -0.17);
  face.hair_curve = between(rng, -0.5, 2.4);
  face.hair_parting = around(rng, 0.10);
  face.hair_volume = between(rng, 0.01, 0.10);
  face.hair_length = face.hairline < -0.5f ? 0 : rng.coin(0.45) ? between(rng, 0.25, 0.60) : between(rng, 0.0, 0.1);
  face.ear_size = between(rng, 0.035, 0.075);
  face.ear_y = around(rng, 0.05);
  face.beard = rng.coin(0.25) ? between(rng, 0.3, 0.9) : 0;
  face.moustache = rng.coin(0.15) ? between(rng, 0.5, 0.95) : 0;
  face.blush = between(rng, 0, 0.35);
  face.mole_x = around(rng, 0.17);
  face.mole_y = between(rng, 0.02, 0.27);
  face.mole_size = rng.coin(0.35) ? between(rng, 0.009, 0.018) : 0;
  face.glasses = rng.coin(0.18);
  face.glasses_size = between(rng, 0.075, 0.105);
  draw_colours(rng, face);
  return face;
}

Scene draw_scene(Rng rng, double difficulty) {
  const double d = difficulty;
  Scene scene{};
  scene.pose = {around(rng, 0.75 * d), around(rng, 0.45 * d),
                around(rng, 0.35 * d), static_cast<float>(1.1 * std::exp(rng.uniform(-0.22, 0.16) * d)),
                around(rng, 0.10 * d), around(rng, 0.09 * d)};
  const double azimuth = rng.uniform(-1.5, 1.5) * d, elevation = rng.uniform(-0.5, 0.9) * d;
  scene.light.x = static_cast<float>(std::sin(azimuth) * std::cos(elevation));
  scene.light.y = static_cast<float>(-std::sin(elevation));
  scene.light.z = static_cast<float>(std::cos(azimuth) * std::cos(elevation));
  scene.light.ambient = static_cast<float>(1 - rng.uniform(0.3, 0.95) * d);
  const double exposure = std::exp(rng.uniform(-0.45, 0.3) * d);
  scene.light.gain = {static_cast<float>(exposure * (1 + rng.uniform(-0.12, 0.12) * d)),
                      static_cast<float>(exposure * (1 + rng.uniform(-0.06, 0.06) * d)),
                      static_cast<float>(exposure * (1 + rng.uniform(-0.15, 0.15) * d))};
  scene.expression = {around(rng, 0.6 * d) + 0.1f, static_cast<float>(std::max(0.0, rng.uniform(-1, 1)) * d),
                      static_cast<float>(1 - rng.uniform(-0.2, 0.6) * d), around(rng, 0.02 * d)};
  scene.back = any_colour(rng);
  scene.pattern = any_colour(rng);
  scene.clothes = any_colour(rng);
  scene.occluder = any_colour(rng);
  scene.wave_x = around(rng, 40);
  scene.wave_y = around(rng, 40);
  scene.wave_phase = between(rng, 0, 6.2831853);
  scene.pattern_strength = static_cast<float>(rng.uniform() * d);
  for (int i = 0; i < 3; ++i) {
    for (float& number : scene.blobs[i]) number = between(rng, 0, 1);
    scene.blob_colours[i] = any_colour(rng);
  }
  scene.occlusion = rng.coin(0.3 * d) ? rng.integer(1, 4) : 0;
  scene.occluder_side = rng.coin(0.5) ? -1.0f : 1.0f;
  scene.occluder_angle = around(rng, 0.9);
  scene.blur = static_cast<float>(rng.uniform(0, 0.33) * d);
  scene.noise = static_cast<float>(rng.uniform(0, 0.09) * d);
  scene.noise_key = rng.fork(1).key();
  scene.wears_glasses = rng.coin(1 - 0.3 * d);
  return scene;
}

}  // namespace lafs::synthetic_faces
