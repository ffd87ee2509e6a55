#include "runner/conformance/examples.h"

#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <span>
#include <sstream>
#include <utility>
#include <variant>

#include "formats/face_bin.h"
#include "formats/face_writer.h"
#include "kernel/recipe/document.h"
#include "kernel/recipe/lister.h"
#include "kernel/recipe/recipe.h"
#include "lafs/error.h"
#include "runner/conformance/networks.h"

namespace lafs::conformance {

namespace {

namespace fs = std::filesystem;

/// Beside the library, in the tree as in an installation.
fs::path file_of(const RegistryEntry& entry) {
  const Registration& plugin = entry.registration;
  return entry.library.parent_path() / "examples" / (plugin.kind + "_" + plugin.name + ".toml");
}

/// The options of an `[[example]]`: what it holds besides what is said of it.
Example example_of(Node item) {
  Example example;
  if (const Node* coupled = item.find("batch_coupled")) {
    const bool* value = std::get_if<bool>(&coupled->value);
    if (!value) throw Error("batch_coupled is " + type_word(*coupled) + ", not a bool").at(coupled->position.text());
    example.batch_coupled = *value;
    item.erase("batch_coupled");
  }
  example.toml = document_text(item);
  return example;
}

/// A grey picture as the bytes of its file.
std::string pgm(int width, int height, int seed) {
  std::string bytes = "P5\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n";
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) bytes += static_cast<char>((x * 7 + y * 3 + seed * 31 + (x ^ y)) & 0xff);
  }
  return bytes;
}

/// Every pair of the pictures, a line each.
std::string pair_list(const std::vector<std::string>& keys) {
  std::string lines;
  for (size_t a = 0; a < keys.size(); ++a) {
    for (size_t b = a + 1; b < keys.size(); ++b) {
      const bool same = keys[a].substr(0, keys[a].find('/')) == keys[b].substr(0, keys[b].find('/'));
      lines += keys[a] + " " + keys[b] + (same ? " 1\n" : " 0\n");
    }
  }
  return lines;
}

/// Eight pictures of three templates, as IJB has them.
void write_ijb(const fs::path& root) {
  fs::create_directories(root / "loose_crop");
  fs::create_directories(root / "meta");
  std::ofstream templates(root / "meta" / "toy_face_tid_mid.txt"), faces(root / "meta" / "toy_name_5pts_score.txt");
  for (int picture = 0; picture < 8; ++picture) {
    const std::string name = std::to_string(picture) + ".pgm";
    std::ofstream(root / "loose_crop" / name, std::ios::binary) << pgm(90 + picture, 120, picture);
    templates << name << ' ' << 5 * (picture % 3) << ' ' << picture / 2 << '\n';
    faces << name << " 30 50 " << 60 + picture << " 51 45 70 33 90 61 88 0.9\n";
  }
}

/// Lists of templates over the folder of pictures: each person has a template of two pictures in a gallery and one as a probe.
void write_template_lists(const fs::path& folder) {
  fs::create_directories(folder);
  std::ofstream pictures(folder / "face_tid_mid.txt"), faces(folder / "name_5pts_score.txt"), pairs(folder / "template_pair_label.txt");
  std::ofstream first(folder / "1N_gallery_1.csv"), second(folder / "1N_gallery_2.csv"), probes(folder / "1N_probe_mixed.csv");
  for (std::ofstream* csv : {&first, &second, &probes}) *csv << "TEMPLATE_ID,SUBJECT_ID\n";
  for (int person = 0; person < 3; ++person) {
    for (int picture = 0; picture < 4; ++picture) {
      const std::string name = "person_" + std::to_string(person) + "/" + std::to_string(picture) + ".pgm";
      pictures << name << " " << 2 * person + picture / 2 << " " << picture << "\n";
      faces << name << " 5 6 15 6 10 12 6 18 14 18 0.9\n";
    }
    (person < 2 ? first : second) << 2 * person << "," << person << "\n";
    probes << 2 * person + 1 << "," << person << "\n";
    for (int other = 0; other < 3; ++other) pairs << 2 * person << " " << 2 * other + 1 << " " << (person == other ? 1 : 0) << "\n";
  }
}

}  // namespace

Material::Material() {
  std::string name = (fs::temp_directory_path() / "lafs_material_XXXXXX").string();
  if (!::mkdtemp(name.data())) throw Error(name + ": no folder can be made here");
  folder_ = name;
  write_ijb(folder_ / "ijb");
  fs::create_directories(folder_ / "records");
  formats::FaceWriter writer(folder_ / "records" / "train.rec", formats::FaceWriter::Style::range);
  std::vector<std::string> keys;
  for (int person = 0; person < 3; ++person) {
    const fs::path at = folder_ / "images" / ("person_" + std::to_string(person));
    fs::create_directories(at);
    for (int picture = 0; picture < 4; ++picture) {
      const std::string bytes = pgm(24 + 4 * picture, 32 + person, person * 4 + picture);
      std::ofstream(at / (std::to_string(picture) + ".pgm"), std::ios::binary) << bytes;
      keys.push_back(at.filename().string() + "/" + std::to_string(picture) + ".pgm");
      writer.add(person, std::vector<uint8_t>(bytes.begin(), bytes.end()));
    }
  }
  writer.finish();
  write_template_lists(folder_ / "templates");
  std::ofstream(folder_ / "pairs.txt") << pair_list(keys);
  write_onnx(folder_ / "network.onnx");
  write_torchscript(folder_ / "network.pt");
  std::vector<std::string> bytes;
  for (int picture = 0; picture < 40; ++picture) bytes.push_back(pgm(24, 24, picture / 4));
  std::vector<std::span<const std::byte>> pictures;
  for (const std::string& one : bytes) pictures.push_back(std::as_bytes(std::span(one)));
  std::vector<bool> same;
  for (int pair = 0; pair < 20; ++pair) same.push_back(pair % 2 == 0);
  formats::write_face_bin(folder_ / "set.bin", pictures, same);
}

Material::~Material() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string Material::fill(std::string text) const {
  const std::map<std::string, std::string> marks{{"{images}", (folder_ / "images").string()},
                                                 {"{ijb}", (folder_ / "ijb").string()},
                                                 {"{templates}", (folder_ / "templates").string()},
                                                 {"{records}", (folder_ / "records" / "train.rec").string()},
                                                 {"{onnx}", (folder_ / "network.onnx").string()},
                                                 {"{torchscript}", (folder_ / "network.pt").string()},
                                                 {"{verification_set}", (folder_ / "set.bin").string()},
                                                 {"{pairs}", (folder_ / "pairs.txt").string()}};
  for (const auto& [mark, path] : marks) {
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) text.replace(at, mark.size(), path);
  }
  return text;
}

std::vector<Example> examples_of(const RegistryEntry& entry, const Material& material) {
  const fs::path file = file_of(entry);
  if (!fs::exists(file)) return {{""}};
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  const Node document = parse_toml(material.fill(text.str()), file.string(), {});
  std::vector<Example> examples;
  for (const auto& [name, items] : *document.fields()) {
    const bool tables =
        items.list() && std::all_of(items.list()->begin(), items.list()->end(), [](const Node& item) { return item.fields(); });
    if (name != "example" || !tables) throw Error("examples are [[example]] tables, and \"" + name + "\" is not one").at(items.key.text());
    for (const Node& item : *items.list()) examples.push_back(example_of(item));
  }
  if (examples.empty()) throw Error(file.string() + ": has no [[example]]");
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
  if (fs::exists(file_of(entry))) return keys;
  for (const OptionPage& page : list_options(*entry.registration.defaults)) {
    if (page.rule.starts_with("required")) keys.push_back(page.key);
  }
  return keys;
}

}  // namespace lafs::conformance
