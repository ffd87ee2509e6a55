#include "runner/conformance/examples.h"

#include <stdlib.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <string_view>

#include "formats/face_writer.h"
#include "kernel/recipe/document.h"
#include "kernel/recipe/recipe.h"
#include "lafs/error.h"

namespace lafs::conformance {

namespace {

namespace fs = std::filesystem;

/// Small options for the plugins that need some, or whose defaults are too large or leave out a branch worth a look.
const std::map<std::string, std::vector<Example>, std::less<>>& example_table() {
  static const std::string few = R"({ use = "synthetic_faces", identities = 6, per_identity = 3, size = 32 })";
  static const std::string others = R"({ use = "synthetic_faces", first_identity = 1000, identities = 4, per_identity = 2, size = 32 })";
  static const std::string small_fvit = "dim = 48\ndepth = 2\nheads = 3\ndim_head = 16\nmlp_dim = 64\npatch = 8\n";
  static const std::string small_vit = "size = \"custom\"\ndim = 48\ndepth = 2\nheads = 3\n";
  static const std::string small_head = "hidden = 32\nbottleneck = 16\noutputs = 40\n";
  static const std::string dino_views = "[augmentation]\nuse = \"dino_views\"\nglobal_size = 64\nlocal_size = 32\nlocal_views = 2\n";
  static const std::string lafs_views = "[augmentation]\nuse = \"lafs_views\"\nsize = 64\nlocal_views = 2\n";
  static const std::string lafs =
      "[objective]\nuse = \"lafs\"\nlocal_tokens = 20\nteacher_temperature = 0.05\n"
      "landmark_source = { use = \"landmark_cnn\", landmark_span = 63 }";
  static const std::map<std::string, std::vector<Example>, std::less<>> table{
      {"data_source/synthetic_faces", {{"identities = 5\nper_identity = 3\nsize = 32"}}},
      {"data_source/image_folder", {{"root = \"{images}\""}, {"root = \"{images}\"\non_damaged = \"skip\""}}},
      {"data_source/subset",
       {{"source = " + few + "\nfirst = 1\ncount = 3"}, {"source = " + few + "\nfirst = 2\nper_identity = 2\ncompact = false"}}},
      {"data_source/record_set",
       {{"files = [\"{records}\"]"}, {"files = [\"{records}\"]\nswap_rb = true\nfirst = 1\nfraction = 0.7\non_damaged = \"skip\""}}},
      {"data_source/concat",
       {{"sources = [" + few + ", " + others + "]"}, {"sources = [" + few + ", " + others + "]\nidentities = \"shared\""}}},
      {"augmentation/none", {{""}, {"landmarks = true"}}},
      {"augmentation/face_supervised", {{""}, {"flip = 1\nerasing = 1\ncrop = false"}}},
      {"augmentation/lafs_views",
       {{"local_views = 2"}, {"local_views = 0"}, {"size = 50\nlocal_views = 1\nlocal_uses_global_scale = false"}}},
      {"augmentation/dino_views",
       {{"local_views = 2"}, {"global_views = 1\nglobal_blur = [1]\nglobal_solarise = [1]\nlocal_views = 0\nglobal_size = 33"}}},
      {"backbone/fvit", {{small_fvit}, {small_fvit + "pool = \"mean\"\ndrop_path_schedule = \"linear\"\nattention_scale = \"head\""}}},
      {"backbone/vit", {{small_vit + "drop_path = 0.5"}, {small_vit + "img_size = 0\nqkv_bias = false\ndropout = 0.1"}}},
      {"backbone/iresnet",
       {{"depth = 18\ninit_std = 0.02"}, {"depth = 18\ninit_std = 0.02\ntail = \"flatten\"\nfeatures = 32\ndropout = 0.2"}}},
      {"backbone/part_fvit",
       {{small_fvit},
        {small_fvit + "freeze_landmarks = true\npatch_layout = \"plain\"\npatch_centre = \"symmetric\"\nlandmark_scaling = \"axis\""},
        {small_fvit + "landmark_source = \"grid\""}}},
      {"backbone/landmark_cnn", {{"landmarks = 30"}}},
      {"head/arcface", {{""}, {"formulation = \"trig\""}, {"formulation = \"acos\""}, {"formulation = \"trig\"\neasy_margin = true"}}},
      {"head/cosface", {{""}, {"clamp = true\nmargin = 0.2"}}},
      {"objective/identification",
       {{"[augmentation]\nuse = \"none\"\n[objective]\nuse = \"identification\"\nsmoothing = 0.1"},
        {"[augmentation]\nuse = \"face_supervised\"\n[objective]\nuse = \"identification\"\nmixup = 0.2\ncutmix = 1", true}}},
      {"objective/dino",
       {{dino_views + "[objective]\nuse = \"dino\""}, {dino_views + "[objective]\nuse = \"dino\"\nteacher_train_mode = false"}}},
      {"objective/lafs",
       {{lafs_views + lafs}, {lafs_views + lafs + "\nposition_rows = \"landmark\"\nlocal_replacement = false\nshuffle_global = true"}}},
      {"optimizer/sgd", {{""}, {"momentum = 0"}, {"nesterov = true"}, {"dampening = 0.5"}}},
      {"optimizer/lars", {{"eta = 0.5"}, {"eta = 0.5\nmomentum = 0.5"}}},
      {"optimizer/adamw", {{""}, {"beta1 = 0"}}},
      {"projector/dino_head",
       {{small_head}, {small_head + "layers = 1\nnorm_last_layer = false"}, {small_head + "layers = 2\nbatch_norm = true"}}},
      {"evaluator/verification",
       {{"genuine = 60\nimpostor = 60\ndata = { use = \"synthetic_faces\", identities = 12, per_identity = 4, size = 32 }"},
        {"all_pairs = true\nflip = \"none\"\nbaseline = false\ndata = " + few}}},
  };
  return table;
}

std::string path_of(const RegistryEntry& entry) { return entry.registration.kind + "/" + entry.registration.name; }

/// A grey picture as the bytes of its file.
std::string pgm(int width, int height, int seed) {
  std::string bytes = "P5\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n";
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) bytes += static_cast<char>((x * 7 + y * 3 + seed * 31 + (x ^ y)) & 0xff);
  }
  return bytes;
}

}  // namespace

Material::Material() {
  std::string name = (fs::temp_directory_path() / "lafs_material_XXXXXX").string();
  if (!::mkdtemp(name.data())) throw Error(name + ": no folder can be made here");
  folder_ = name;
  fs::create_directories(folder_ / "records");
  formats::FaceWriter writer(folder_ / "records" / "train.rec", formats::FaceWriter::Style::range);
  for (int person = 0; person < 3; ++person) {
    const fs::path at = folder_ / "images" / ("person_" + std::to_string(person));
    fs::create_directories(at);
    for (int picture = 0; picture < 4; ++picture) {
      const std::string bytes = pgm(24 + 4 * picture, 32 + person, person * 4 + picture);
      std::ofstream(at / (std::to_string(picture) + ".pgm"), std::ios::binary) << bytes;
      writer.add(person, std::vector<uint8_t>(bytes.begin(), bytes.end()));
    }
  }
  writer.finish();
}

Material::~Material() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string Material::fill(std::string text) const {
  const std::map<std::string, std::string> marks{{"{images}", (folder_ / "images").string()},
                                                 {"{records}", (folder_ / "records" / "train.rec").string()}};
  for (const auto& [mark, path] : marks) {
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) text.replace(at, mark.size(), path);
  }
  return text;
}

std::vector<Example> examples_of(const RegistryEntry& entry, const Material& material) {
  const auto found = example_table().find(path_of(entry));
  if (found == example_table().end()) return {{""}};
  std::vector<Example> examples = found->second;
  for (Example& example : examples) example.toml = material.fill(example.toml);
  return examples;
}

std::string own_options(const RegistryEntry& entry, const Example& example) {
  if (entry.registration.kind != "objective") return example.toml;
  Node recipe = parse_toml(example.toml, "conformance.toml", {});
  Node* table = recipe.find("objective");
  if (!table) return "";
  table->erase("use");
  return document_text(*table);
}

std::vector<std::string> options_without_example(const RegistryEntry& entry) {
  std::vector<std::string> keys;
  if (example_table().contains(path_of(entry))) return keys;
  for (const OptionPage& page : list_options(*entry.registration.defaults)) {
    if (page.rule.starts_with("required")) keys.push_back(page.key);
  }
  return keys;
}

}  // namespace lafs::conformance
