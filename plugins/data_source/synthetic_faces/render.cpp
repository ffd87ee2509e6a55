#include <algorithm>
#include <cmath>
#include <utility>

#include "camera.h"
#include "face.h"

namespace lafs::synthetic_faces {

namespace {

/// A feature after the head has turned: where it went, and how much narrower it looks.
struct Spot {
  float u, v, narrow;
};

class Painter {
 public:
  Painter(const Face& face, const Scene& scene, int64_t size)
      : face_(face),
        scene_(scene),
        canvas_(size, {0.5f + scene.pose.shift_x, 0.52f + scene.pose.shift_y, scene.pose.scale, scene.pose.roll}),
        sin_yaw_(std::sin(scene.pose.yaw)),
        cos_yaw_(std::cos(scene.pose.yaw)),
        sin_pitch_(std::sin(scene.pose.pitch)),
        cos_pitch_(std::cos(scene.pose.pitch)) {}

  Rendering paint() {
    background();
    behind();
    head();
    eyes();
    nose();
    mouth();
    front_hair();
    glasses();
    light();
    occluder();
    return {photographed(std::move(canvas_.rgb()), canvas_.size(), scene_), landmarks()};
  }

 private:
  /// A point of the face turned with the head; `lift` is its height above the ellipsoid.
  Spot turned(float x, float y, float lift = 0) const {
    const float a = face_.half_width, b = face_.half_height, pivot = 0.10f;
    const float root = std::sqrt(std::max(0.08f, 1 - x * x / (a * a) - y * y / (b * b)));
    const float z = face_.depth * root + lift - pivot;
    const float slope = x * face_.depth / (a * a * root);
    return {x * cos_yaw_ + z * sin_yaw_, y * cos_pitch_ - z * sin_pitch_, std::clamp(cos_yaw_ - slope * sin_yaw_, 0.3f, 1.2f)};
  }

  void background() {
    const int size = canvas_.size();
    const float step = 1 / static_cast<float>(size);
    std::vector<float> waves(static_cast<size_t>(size) * 2);
    for (int x = 0; x < size; ++x) {
      const float angle = scene_.wave_x * static_cast<float>(x) * step + scene_.wave_phase;
      waves[static_cast<size_t>(x) * 2] = std::sin(angle);
      waves[static_cast<size_t>(x) * 2 + 1] = std::cos(angle);
    }
    size_t pixel = 0;
    for (int y = 0; y < size; ++y) {
      const float angle = scene_.wave_y * static_cast<float>(y) * step, s = std::sin(angle), c = std::cos(angle);
      for (int x = 0; x < size; ++x, ++pixel) {
        const float wave = waves[static_cast<size_t>(x) * 2] * c + waves[static_cast<size_t>(x) * 2 + 1] * s;
        canvas_.blend(pixel, mix(scene_.back, scene_.pattern, (0.5f + 0.5f * wave) * scene_.pattern_strength), 1);
      }
    }
    for (int i = 0; i < 3; ++i) {
      const float* b = scene_.blobs[i];
      canvas_.ellipse({b[0] * 1.4f - 0.7f, b[1] * 1.4f - 0.7f, 0.08f + 0.2f * b[2], 0.08f + 0.2f * b[3], b[2] * 3}, scene_.blob_colours[i],
                      scene_.pattern_strength, 2);
    }
  }

  void behind() {
    const float a = face_.half_width, b = face_.half_height;
    const bool hairy = face_.hairline > -0.5f;
    const float turn = -0.06f * sin_yaw_;
    if (hairy && face_.hair_length > 0.2f) {
      canvas_.ellipse({turn, face_.hair_length * 0.5f, a + face_.hair_volume, face_.hair_length + 0.1f}, face_.hair * 0.85f, 1, 2, true);
    }
    canvas_.ellipse({0.3f * turn, b + 0.30f, 0.62f, 0.27f}, scene_.clothes, 1, 1.5f, true);
    canvas_.ellipse({0, b - 0.02f, a * 0.55f, 0.20f}, face_.skin * 0.78f, 1, 1.5f, true);
    for (const float side : {-1.0f, 1.0f}) {
      const float hidden = std::clamp(1 + 2.2f * side * sin_yaw_, 0.2f, 1.3f);
      canvas_.ellipse({side * a * 0.99f + turn, face_.ear_y - 0.1f * sin_pitch_, face_.ear_size * 0.6f * hidden, face_.ear_size},
                      face_.skin * 0.88f, 1, 1, true);
    }
    if (hairy) canvas_.ellipse({turn, -0.05f, a + face_.hair_volume, b + face_.hair_volume - 0.02f}, face_.hair, 1, 1.5f, true);
  }

  /// Signed distance to the outline of the head: an ellipse that the jaw makes narrower below.
  float outline(float u, float v, float grow) const {
    const float a = face_.half_width + grow, b = face_.half_height + grow;
    const float low = std::max(0.0f, v / b), x = u / (a * (1 - face_.jaw * low * low)), y = v / b;
    return (1 - std::sqrt(x * x + y * y)) * a;
  }

  void head() {
    const float a = face_.half_width, b = face_.half_height;
    const Colour shadow = mix(face_.hair, face_.skin, 0.25f);
    const Spot chin = turned(0, face_.mouth_y + 0.02f);
    const float ears_down = face_.mouth_y - 0.06f;
    canvas_.visit(0, 0, a + 0.02f, b + 0.02f, [&](size_t i, float u, float v) {
      const float inside = canvas_.cover(outline(u, v, 0));
      if (inside <= 0) return;
      canvas_.lit()[i] = std::max(canvas_.lit()[i], inside);
      canvas_.blend(i, face_.skin, inside);
      if (face_.beard <= 0) return;
      const float x = (u - chin.u) / (a * 0.85f), start = ears_down + 0.07f - 0.16f * x * x - 0.25f * sin_pitch_;
      canvas_.blend(i, shadow, inside * face_.beard * std::clamp((v - start) * 14, 0.0f, 1.0f));
    });
    for (const float side : {-1.0f, 1.0f}) {
      const Spot cheek = turned(side * (face_.eye_x + 0.03f), 0.09f);
      canvas_.ellipse({cheek.u, cheek.v, 0.07f * cheek.narrow, 0.05f}, {0.85f, 0.35f, 0.32f}, face_.blush, 7);
    }
    if (face_.mole_size > 0) {
      const Spot mole = turned(face_.mole_x, face_.mole_y);
      canvas_.ellipse({mole.u, mole.v, face_.mole_size, face_.mole_size}, face_.skin * 0.3f, 0.9f);
    }
  }

  void eyes() {
    const float lids = std::clamp(scene_.expression.lids, 0.25f, 1.25f);
    for (const float side : {-1.0f, 1.0f}) {
      const Spot eye = turned(side * face_.eye_x, face_.eye_y, -0.01f);
      const float wide = face_.eye_width * eye.narrow, high = face_.eye_height * lids, slant = -side * face_.eye_slant;
      canvas_.ellipse({eye.u, eye.v - 0.004f, wide * 1.35f, face_.eye_height * 1.5f, slant}, face_.skin * 0.72f, 0.55f, 3);
      canvas_.ellipse({eye.u, eye.v - 0.007f, wide * 1.06f, high * 1.06f, slant}, face_.skin * 0.25f);
      canvas_.ellipse({eye.u, eye.v, wide, high, slant}, {0.93f, 0.92f, 0.90f});
      const float iris = std::min(face_.eye_width * 0.5f, high * 1.02f), look = eye.u + 0.02f * sin_yaw_;
      canvas_.ellipse({look, eye.v, iris * eye.narrow, iris}, face_.iris);
      canvas_.ellipse({look, eye.v, iris * 0.48f * eye.narrow, iris * 0.48f}, {0.03f, 0.03f, 0.03f});
      canvas_.ellipse({look - 0.008f, eye.v - 0.008f, 0.006f, 0.006f}, {1, 1, 1}, 0.8f);
      const Spot brow = turned(side * (face_.eye_x + 0.005f), face_.eye_y - face_.brow_gap + scene_.expression.brows, 0.01f);
      canvas_.ellipse({brow.u, brow.v, face_.brow_width * brow.narrow, face_.brow_thickness, side * face_.brow_slant}, face_.brow, 0.92f,
                      1.3f);
    }
  }

  void nose() {
    const Spot root = turned(0, face_.eye_y, 0.02f), tip = turned(0, face_.nose_y, 0.07f), base = turned(0, face_.nose_y + 0.025f, 0.04f);
    const float u = (root.u + tip.u) / 2, v = (root.v + tip.v) / 2, long_by = std::hypot(tip.u - root.u, tip.v - root.v) / 2;
    const float lean = std::atan2(root.u - tip.u, tip.v - root.v), shade = scene_.light.x > 0 ? -1.0f : 1.0f;
    canvas_.ellipse({u + shade * face_.nose_bridge * 1.6f, v, face_.nose_bridge * 1.3f, long_by, lean}, face_.skin * 0.76f, 0.5f, 3);
    canvas_.ellipse({u, v, face_.nose_bridge, long_by, lean}, mix(face_.skin, {1, 1, 1}, 0.25f), 0.55f, 3);
    canvas_.ellipse({base.u, base.v, face_.nose_width * 1.15f, 0.026f}, face_.skin * 0.7f, 0.6f, 2.5f);
    canvas_.ellipse({tip.u, tip.v, face_.nose_width * 0.8f, face_.nose_width * 0.62f}, mix(face_.skin, {1, 0.9f, 0.85f}, 0.14f), 0.85f,
                    2.5f);
    for (const float side : {-1.0f, 1.0f}) {
      canvas_.ellipse({base.u + side * face_.nose_width * 0.55f, base.v + 0.004f, face_.nose_width * 0.24f, 0.008f}, face_.skin * 0.25f,
                      0.85f);
    }
  }

  void mouth() {
    const float half = face_.mouth_width * (1 + 0.18f * scene_.expression.smile), curve = 0.055f * scene_.expression.smile;
    const float open = 0.032f * scene_.expression.open;
    const Spot centre = turned(0, face_.mouth_y, 0.015f);
    const float wide = half * centre.narrow, top = face_.upper_lip, bottom = face_.lower_lip;
    canvas_.visit(centre.u, centre.v, wide + 0.02f, top + bottom + open + std::abs(curve) + 0.03f, [&](size_t i, float u, float v) {
      const float x = (u - centre.u) / wide;
      if (x * x >= 1) return;
      const float y = v - centre.v + curve * x * x, fade = 1 - x * x, gap = open * fade;
      const float lips = std::min(canvas_.cover(y + (top + gap) * fade), canvas_.cover((bottom + gap) * fade - y));
      if (lips > 0) canvas_.blend(i, face_.lips, lips * 0.95f);
      const float inner = canvas_.cover(std::max(gap, 0.004f) - std::abs(y));
      if (inner > 0) canvas_.blend(i, open > 0.012f && y < 0 ? Colour{0.88f, 0.86f, 0.82f} : Colour{0.22f, 0.07f, 0.08f}, inner * 0.9f);
    });
    if (face_.moustache <= 0) return;
    const Spot above = turned(0, (face_.mouth_y + face_.nose_y) / 2 + 0.012f, 0.03f);
    canvas_.ellipse({above.u, above.v, face_.mouth_width * 0.9f, 0.022f}, mix(face_.hair, face_.skin, 0.15f), face_.moustache, 2);
  }

  void front_hair() {
    if (face_.hairline < -0.5f) return;
    const Spot middle = turned(face_.hair_parting, face_.hairline);
    const float grow = face_.hair_volume * 0.7f;
    canvas_.visit(0, -0.1f, face_.half_width + grow + 0.02f, face_.half_height + grow, [&](size_t i, float u, float v) {
      const float x = u - middle.u, line = middle.v + face_.hair_curve * x * x;
      if (v > std::min(line, 0.12f) + 0.03f) return;
      const float inside = std::min({canvas_.cover(outline(u, v, grow)), canvas_.cover(line - v, 2.5f), canvas_.cover(0.12f - v, 3)});
      if (inside <= 0) return;
      canvas_.lit()[i] = std::max(canvas_.lit()[i], inside);
      canvas_.blend(i, face_.hair, inside);
    });
  }

  void glasses() {
    if (!face_.glasses || !scene_.wears_glasses) return;
    const float thick = 0.011f;
    for (const float side : {-1.0f, 1.0f}) {
      const Spot eye = turned(side * face_.eye_x, face_.eye_y + 0.01f, 0.02f);
      const float ru = face_.glasses_size * eye.narrow, rv = face_.glasses_size * 0.8f;
      canvas_.visit(eye.u, eye.v, ru + 0.03f, rv + 0.03f, [&](size_t i, float u, float v) {
        const float x = (u - eye.u) / ru, y = (v - eye.v) / rv, ring = std::abs(std::sqrt(x * x + y * y) - 1) * rv;
        const float alpha = canvas_.cover(thick - ring);
        if (alpha > 0) canvas_.blend(i, face_.frame, alpha);
      });
    }
    const Spot bridge = turned(0, face_.eye_y + 0.005f, 0.05f);
    canvas_.ellipse({bridge.u, bridge.v, std::max(0.01f, face_.eye_x - face_.glasses_size * 0.9f), thick * 0.7f}, face_.frame);
  }

  /// One lamp and ambient light, on the normals of an ellipsoid; parts outside of the mask get only the exposure.
  void light() {
    const Light& lamp = scene_.light;
    const float a = face_.half_width * 1.12f, b = face_.half_height * 1.12f;
    canvas_.visit(0, 0, 2, 2, [&](size_t i, float u, float v) {
      const float x = u / a, y = v / b, flat = x * x + y * y;
      float facing = lamp.z;
      if (flat < 1) {
        facing = x * lamp.x + y * lamp.y + std::sqrt(1 - flat) * lamp.z;
      } else {
        const float rim = 1 / std::sqrt(flat);
        facing = (x * lamp.x + y * lamp.y) * rim;
      }
      const float strength = lamp.ambient + (1 - lamp.ambient) * 1.25f * std::max(0.0f, facing);
      const float shade = 1 + (strength - 1) * canvas_.lit()[i];
      float* p = &canvas_.rgb()[i * 3];
      p[0] *= shade * lamp.gain.r;
      p[1] *= shade * lamp.gain.g;
      p[2] *= shade * lamp.gain.b;
    });
  }

  void occluder() {
    if (scene_.occlusion == 1) {
      canvas_.ellipse({scene_.occluder_side * 0.42f, 0.1f, 0.13f, 0.55f, scene_.occluder_angle * 0.6f}, scene_.occluder);
    } else if (scene_.occlusion == 2) {
      const Spot centre = turned(0, face_.mouth_y + 0.06f, 0.02f);
      canvas_.ellipse({centre.u + scene_.occluder_side * 0.06f, centre.v + 0.04f, 0.24f, 0.11f, scene_.occluder_angle * 0.5f},
                      scene_.occluder);
    } else if (scene_.occlusion == 3) {
      for (const float side : {-1.0f, 1.0f}) {
        const Spot eye = turned(side * face_.eye_x, face_.eye_y + 0.01f, 0.03f);
        canvas_.ellipse({eye.u, eye.v, 0.095f * eye.narrow, 0.07f}, scene_.occluder * 0.3f);
      }
    }
  }

  std::vector<float> landmarks() const {
    const float half = face_.mouth_width * (1 + 0.18f * scene_.expression.smile), corner = -0.055f * scene_.expression.smile;
    const Spot mouth = turned(0, face_.mouth_y, 0.015f), chin = turned(0, face_.half_height * 0.93f);
    const float brow_y = face_.eye_y - face_.brow_gap + scene_.expression.brows, wide = half * mouth.narrow;
    const Spot spots[] = {turned(-face_.eye_x, face_.eye_y, -0.01f),
                          turned(face_.eye_x, face_.eye_y, -0.01f),
                          turned(0, face_.nose_y, 0.07f),
                          {mouth.u - wide, mouth.v + corner, 1},
                          {mouth.u + wide, mouth.v + corner, 1},
                          turned(-face_.eye_x - 0.005f, brow_y, 0.01f),
                          turned(face_.eye_x + 0.005f, brow_y, 0.01f),
                          chin};
    std::vector<float> points;
    for (const Spot& spot : spots) {
      float x = 0, y = 0;
      canvas_.place(spot.u, spot.v, x, y);
      points.insert(points.end(), {x, y});
    }
    return points;
  }

  const Face& face_;
  const Scene& scene_;
  Canvas canvas_;
  float sin_yaw_, cos_yaw_, sin_pitch_, cos_pitch_;
};

}  // namespace

Rendering render(const Face& face, const Scene& scene, int64_t size) { return Painter(face, scene, size).paint(); }

}  // namespace lafs::synthetic_faces
