#include "formats/face_bin.h"

#include <charconv>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bicubic.h"
#include "formats/content_hash.h"
#include "formats/fingerprint.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "lafs/assembly.h"
#include "lafs/content_hashed.h"
#include "lafs/data_root.h"
#include "lafs/encoded_of.h"
#include "lafs/error.h"
#include "lafs/paired.h"
#include "lafs/plugin.h"

namespace {

/// Verification sets of InsightFace: "lfw.bin", "cfp_fp.bin" and the like, with their pairs (data-formats 4). Keys are "0", "1", ...
/// Who is on the pictures is not in the file: a genuine pair counts as one person, each picture of an impostor pair as one of its own.
/// Memory: the file is mapped, 32 bytes a picture.
class FaceBinSource final : public lafs::DataSource, public lafs::Paired, public lafs::MaybeEncoded, public lafs::ContentHashed {
 public:
  struct Options {
    lafs::Path file;
    int64_t size = 112;

    void declare(lafs::Params& p) {
      // Where the file is changes no number; what it holds is in the fingerprint.
      p.affects_nothing("file", file, lafs::needed(), "verification set of InsightFace: a pickle of encoded pictures and truth values");
      p("size", size, lafs::in(1, 4096),
        "rows and columns of the pictures; those of another width are resized (bicubic, a = -0.75), the shorter side to this");
    }
  };

  FaceBinSource(const Options& options, lafs::Assembly&) : path_(checked(options.file)), bin_(path_), side_(options.size) {
    if (bin_.pictures().empty()) throw lafs::Error(fmt::format("\"{}\" holds no pair", path_.string()));
    for (const bool same : bin_.same()) {
      people_.push_back(identities_);
      identities_ += same ? 1 : 2;
    }
  }

  /// Each picture beside the next of its person, and beside one of the next person.
  static bool write_example(const Options& options, const lafs::DataSource& pictures) {
    const int64_t each = pictures.size() / pictures.identities();
    std::vector<std::vector<uint8_t>> encoded;
    std::vector<bool> same;
    const auto add = [&](int64_t picture) { encoded.push_back(lafs::imaging::encode_jpeg(pictures.get(picture % pictures.size()).image)); };
    for (int64_t i = 0; i < pictures.size(); ++i) {
      const bool alternate = each > 1 && i % 2 == 0;
      add(i);
      add(alternate ? i - i % each + (i % each + 1) % each : i + each);
      same.push_back(alternate);
    }
    std::vector<std::span<const std::byte>> bytes;
    for (const auto& picture : encoded) bytes.push_back(std::as_bytes(std::span(picture)));
    const std::filesystem::path file = checked(options.file);
    std::filesystem::create_directories(file.parent_path());
    lafs::formats::write_face_bin(file, bytes, same);
    return true;
  }

  int64_t size() const override { return static_cast<int64_t>(bin_.pictures().size()); }
  int64_t identities() const override { return identities_; }
  int64_t identity(int64_t index) const override {
    const auto pair = static_cast<size_t>(index / 2);
    return people_[pair] + (bin_.same()[pair] ? 0 : index % 2);
  }
  std::string key(int64_t index) const override { return fmt::format("{}", index); }
  std::optional<int64_t> find(const std::string& key) const override {
    int64_t index = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    // Only the spelling that `key` gives is a key.
    const bool whole = error == std::errc() && end == key.data() + key.size() && index >= 0 && index < size();
    return whole && this->key(index) == key ? std::optional(index) : std::nullopt;
  }

  lafs::Sample get(int64_t index) const override {
    lafs::check_index(index, size());
    return {picture(index), identity(index), index, key(index), {}, 1};
  }

  std::vector<lafs::ComparedPair> pairs() const override {
    std::vector<lafs::ComparedPair> all;
    for (size_t i = 0; i < bin_.same().size(); ++i)
      all.push_back({static_cast<int64_t>(2 * i), static_cast<int64_t>(2 * i + 1), bin_.same()[i]});
    return all;
  }
  bool knows_people() const override { return false; }

  /// A picture that is resized is not its bytes.
  bool has_encoded() const override {
    try {
      for (int64_t i = 0; i < size(); ++i)
        if (lafs::imaging::image_size(bytes(i)).second != side_) return false;
      return true;
    } catch (const lafs::Error&) {  // whoever needs the picture will say so
      return false;
    }
  }
  std::vector<uint8_t> encoded(int64_t index) const override {
    lafs::check_index(index, size());
    if (lafs::imaging::image_size(bytes(index)).second != side_)
      throw lafs::Error(fmt::format("{} has another width than {}", name(index), side_));
    return {bytes(index).begin(), bytes(index).end()};
  }

  std::string fingerprint() const override {
    lafs::formats::Fingerprint print;
    print.add("face_bin").add(size()).add(side_);
    for (const auto& picture : bin_.pictures()) print.add(static_cast<int64_t>(picture.size()));
    for (const bool same : bin_.same()) print.add(int64_t{same});
    return print.hex();
  }
  std::string set_digest() const override {
    lafs::formats::Fingerprint print;
    for (const auto& picture : bin_.pictures()) print.add_bytes(picture.data(), picture.size());
    for (const bool same : bin_.same()) print.add(int64_t{same});
    return print.hex();
  }

  /// Of the whole file, also when a part is asked for.
  std::string content_fingerprint(const lafs::ContentRequest& request) const override {
    const auto folder = std::filesystem::absolute(path_).parent_path();
    const auto hash = lafs::formats::hash_files(folder, 1, [&](int64_t) { return path_.filename().string(); }, request)[0];
    lafs::formats::Fingerprint print;
    print.add("face_bin contents").add(side_).add(static_cast<int64_t>(hash.high)).add(static_cast<int64_t>(hash.low));
    for (int64_t n = 0; request.only && n < request.count(size()); ++n) print.add(request.at(n));
    return print.hex();
  }

 private:
  static std::filesystem::path checked(const lafs::Path& path) {
    lafs::check_root(path);
    return path.value;
  }

  std::string name(int64_t index) const { return fmt::format("\"{}\": picture {}", path_.string(), index); }
  std::span<const uint8_t> bytes(int64_t index) const {
    const auto picture = bin_.pictures()[static_cast<size_t>(index)];
    return {reinterpret_cast<const uint8_t*>(picture.data()), picture.size()};
  }

  lafs::Image picture(int64_t index) const {
    lafs::Image image;
    try {
      image = lafs::imaging::decode_image(bytes(index));
    } catch (const lafs::Error& error) {
      throw lafs::Error(fmt::format("{}: {}", name(index), error.what()));
    }
    const lafs::Image fitted = lafs::face_bin::with_shorter_side(image, side_);
    if (fitted.height != side_ || fitted.width != side_)
      throw lafs::Error(
          fmt::format("{} has {} rows and {} columns, and not {} by {} when its shorter side is made {}; align the faces first",
                      name(index), image.height, image.width, side_, side_, side_));
    return fitted;
  }

  std::filesystem::path path_;
  lafs::formats::FaceBin bin_;
  int64_t side_, identities_ = 0;
  std::vector<int64_t> people_;  ///< the first, or only, person of each pair
};

}  // namespace

LAFS_PLUGIN(registrar) {
  registrar.add<FaceBinSource>("face_bin", "verification sets of InsightFace with their pairs: lfw.bin, cfp_fp.bin");
}
