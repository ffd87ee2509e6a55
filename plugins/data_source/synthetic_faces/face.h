#pragma once
#include <cstdint>
#include <vector>

#include "canvas.h"
#include "lafs/rng.h"

namespace lafs::synthetic_faces {

/// A person: lengths in sides of the picture, from the centre of the face; y down.
struct Face {
  float half_width, half_height, jaw, depth;
  float eye_x, eye_y, eye_width, eye_height, eye_slant;
  float brow_gap, brow_width, brow_thickness, brow_slant;
  float nose_y, nose_width, nose_bridge;
  float mouth_y, mouth_width, upper_lip, lower_lip;
  float hairline, hair_curve, hair_parting, hair_volume, hair_length;
  float ear_size, ear_y, beard, moustache, blush;
  float mole_x, mole_y, mole_size;
  bool glasses;
  float glasses_size;
  Colour skin, hair, brow, iris, lips, frame;
};

/// What differs between two pictures of a person. Angles in radians.
struct Pose {
  float yaw, pitch, roll, scale, shift_x, shift_y;
};
struct Light {
  float x, y, z, ambient;
  Colour gain;
};
struct Expression {
  float smile, open, lids, brows;
};
struct Scene {
  Pose pose;
  Light light;
  Expression expression;
  Colour back, pattern, clothes, occluder;
  float wave_x, wave_y, wave_phase, pattern_strength;
  float blobs[3][4];
  Colour blob_colours[3];
  int64_t occlusion;  ///< 0 none, 1 a bar from aside, 2 something before the mouth, 3 dark glasses
  float occluder_side, occluder_angle;
  float blur, noise;
  uint64_t noise_key;
  bool wears_glasses;
};

/// The person under a key. Equal keys, equal persons.
Face draw_face(Rng rng);
/// The circumstances of a picture; `difficulty` in [0, 1] scales everything that hides who it is.
Scene draw_scene(Rng rng, double difficulty);

struct Rendering {
  std::vector<uint8_t> rgb;  ///< size * size * 3
  std::vector<float>
      landmarks;  ///< x y of: eye on the left of the picture, right eye, nose tip, mouth corners left and right, brows left and right, chin
};
Rendering render(const Face& face, const Scene& scene, int64_t size);

}  // namespace lafs::synthetic_faces
