#pragma once
/// A small IJB set for evaluators of templates: three people in two galleries and three probes, twelve pictures that nobody decodes.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lafs/evaluator.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs::test {

struct IjbFolder {
  ScratchFolder folder;

  IjbFolder() {
    std::filesystem::create_directories(folder / "faces/all");
    std::string pictures, faces;
    for (int i = 0; i < 12; ++i) {
      const std::string name = "all/" + std::to_string(10 + i) + ".pgm";
      write_bytes(folder / "faces" / name, "P5 1 1 255 x");
      // Person i / 4 has templates 10p + 1 (gallery) and 10p + 2 (probe), of two pictures each.
      pictures += name + " " + std::to_string(10 * (i / 4) + 1 + i / 2 % 2) + " " + std::to_string(i / 2) + "\n";
      faces += name + " 1 2 3 4 5 6 7 8 9 10 0.9\n";
    }
    write("pictures.txt", pictures);
    write("faces.txt", faces);
    write("pairs.txt", "1 2 1\n11 12 1\n21 22 1\n1 12 0\n1 22 0\n11 2 0\n");
    write("g1.csv", "T,S\n1,1\n11,2\n");
    write("g2.csv", "T,S\n21,3\n");
    write("probes.csv", "T,S\n2,1\n12,2\n22,3\n2,1\n");
  }

  void write(const std::string& name, const std::string& text) const { write_bytes(folder / name, text); }
  std::string file(const std::string& name) const { return (folder / name).string(); }
  std::string option(const std::string& key, const std::string& name) const { return key + " = \"" + file(name) + "\"\n"; }
  std::string common() const {
    return "data = { use = \"image_folder\", root = \"" + file("faces") + "\" }\n" + option("pictures", "pictures.txt") +
           option("faces", "faces.txt");
  }
  std::string one_to_one() const { return common() + option("pairs", "pairs.txt"); }
  std::string one_to_many() const {
    return common() + "galleries = [\"" + file("g1.csv") + "\", \"" + file("g2.csv") + "\"]\n" + option("probes", "probes.csv");
  }
};

/// Picture i is of person i / 4: a direction of that person, turned by `spread` from template to template.
class TurnedFeatures final : public Features {
 public:
  TurnedFeatures(const FeatureRequest& request, double spread) : rows_(std::ssize(*request.indices)) {
    const int copies = request.flip == "both" ? 2 : 1;
    for (const int64_t index : *request.indices)
      for (int copy = 0; copy < copies; ++copy) {
        const double angle = static_cast<double>(index / 4) + spread * static_cast<double>(index / 2 % 2) + 0.01 * copy;
        for (const double v : {3 * std::cos(angle), 3 * std::sin(angle)}) values.push_back(static_cast<float>(v));
      }
  }
  FeatureMatrix of(std::string_view) const override { return {values, rows_, std::ssize(values) / rows_}; }

  std::vector<float> values;

 private:
  int64_t rows_;
};

}  // namespace lafs::test
