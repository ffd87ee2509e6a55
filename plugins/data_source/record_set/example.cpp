#include "example.h"

#include <fstream>

#include "formats/atomic_file.h"
#include "formats/face_writer.h"
#include "imaging/encode.h"

namespace lafs::record_set {

namespace fs = std::filesystem;

void write_set(const fs::path& path, const DataSource& pictures, int64_t times) {
  const fs::path file = path.extension() == ".rec" ? path : path / "train.rec";
  // Another source may want more of the same set than this one.
  const fs::path property = file.parent_path() / "property";
  int64_t people = 0;
  if (fs::exists(file) && std::ifstream(property) >> people && people >= times * pictures.identities()) return;
  fs::create_directories(file.parent_path());
  std::vector<std::vector<uint8_t>> encoded;
  Image last;
  for (int64_t i = 0; i < pictures.size(); ++i) {
    last = pictures.get(i).image;
    encoded.push_back(imaging::encode_jpeg(last));
  }
  formats::FaceWriter writer(file, formats::FaceWriter::Style::range);
  for (int64_t time = 0; time < times; ++time) {
    for (int64_t i = 0; i < pictures.size(); ++i)
      writer.add(time * pictures.identities() + pictures.identity(i), encoded[static_cast<size_t>(i)]);
  }
  writer.finish();
  formats::write_atomically(property, formats::property_text(times * pictures.identities(), last.height, last.width));
}

}  // namespace lafs::record_set
