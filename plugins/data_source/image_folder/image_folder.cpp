#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "folder.h"
#include "formats/atomic_file.h"
#include "formats/content_hash.h"
#include "formats/fingerprint.h"
#include "imaging/damaged.h"
#include "imaging/decode.h"
#include "imaging/encode.h"
#include "imaging/orientation.h"
#include "lafs/assembly.h"
#include "lafs/content_hashed.h"
#include "lafs/data_root.h"
#include "lafs/data_source.h"
#include "lafs/error.h"
#include "lafs/named.h"
#include "lafs/parallel.h"
#include "lafs/plugin.h"
#include "list_file.h"
#include "listing.h"

namespace {

/// Pictures in files, one folder an identity, or as a list names them; decoded as stored, of any size.
/// Memory: 12 bytes and the relative path of each image.
class ImageFolder final : public lafs::DataSource,
                          public lafs::Encoded,
                          public lafs::Named,
                          public lafs::Skipping,
                          public lafs::ContentHashed {
 public:
  struct Options {
    lafs::Path root, list;
    std::string on_damaged = "error", exif = "ignore";

    void declare(lafs::Params& p) {
      // Where the pictures are changes no number; which ones they are is in the fingerprint.
      p.affects_nothing("root", root, lafs::needed(), "folder that holds a folder of images for each identity");
      p.affects_nothing("list", list,
                        "file that names the images instead, a line each: relative path, and the identity unless it is the parent folder; "
                        "or a .lst file of MXNet or InsightFace");
      p("on_damaged", on_damaged, lafs::one_of({"error", "skip"}),
        "error: reading a damaged file fails; skip: every file is decoded at opening, and damaged ones are left out and reported");
      p.affects_unless("ignore", "exif", exif, lafs::one_of({"ignore", "apply"}),
                       "ignore: pictures as they are stored, as Pillow opens them; apply: turned as the orientation in their EXIF data "
                       "says, as cv2.imread opens them");
    }
  };

  ImageFolder(const Options& options, lafs::Assembly& assembly)
      : exif_(options.exif == "apply" ? lafs::imaging::Exif::apply : lafs::imaging::Exif::ignore) {
    for (const lafs::Path& path : {options.root, options.list}) lafs::check_root(path);
    root_ = options.root.value;
    if (options.list.empty()) {
      list_people(assembly);
    } else {
      lafs::image_folder::ReadList read = lafs::image_folder::read_list(options.list.value, root_);
      listing_ = std::move(read.listing);
      for (const std::string& note : read.notes) assembly.note(note);
    }
    if (options.on_damaged == "skip") leave_out_damaged();
    if (exif_ == lafs::imaging::Exif::ignore) tell_orientations(assembly);
  }

  /// A folder for each person, and the list where the options name one.
  static bool write_example(const Options& options, const lafs::DataSource& pictures) {
    for (const lafs::Path& path : {options.root, options.list}) lafs::check_root(path);
    std::string list;
    for (int64_t i = 0; i < pictures.size(); ++i) {
      const auto name = fmt::format("person_{:04}/{:04}.jpg", pictures.identity(i), i);
      const auto file = std::filesystem::path(options.root.value) / name;
      std::filesystem::create_directories(file.parent_path());
      const std::vector<uint8_t> jpeg = lafs::imaging::encode_jpeg(pictures.get(i).image);
      lafs::formats::write_atomically(file, {reinterpret_cast<const char*>(jpeg.data()), jpeg.size()});
      list += name + "\n";
    }
    if (!options.list.empty()) {
      std::filesystem::create_directories(std::filesystem::path(options.list.value).parent_path());
      lafs::formats::write_atomically(options.list.value, list);
    }
    return true;
  }

  int64_t size() const override { return listing_.size(); }
  int64_t identities() const override { return listing_.identities(); }
  int64_t identity(int64_t index) const override { return listing_.identity(index); }
  std::string key(int64_t index) const override { return std::string(listing_.name(index)); }
  std::optional<int64_t> find(const std::string& key) const override { return listing_.find(key); }

  lafs::Sample get(int64_t index) const override {
    lafs::check_index(index, size());
    return {lafs::imaging::read_image(file(index), exif_), identity(index), index, key(index), {}, 1};
  }
  std::vector<uint8_t> encoded(int64_t index) const override {
    lafs::check_index(index, size());
    std::vector<uint8_t> bytes = lafs::imaging::read_bytes(file(index));
    const bool as_it_is = exif_ == lafs::imaging::Exif::ignore || lafs::imaging::orientation_of(bytes) == 1;
    // Who decodes the bytes will not turn the picture, and as JPEG it would lose something.
    return as_it_is ? bytes : lafs::imaging::encode_png(lafs::imaging::read_image(file(index), exif_));
  }
  std::vector<std::string> skipped() const override { return skipped_; }
  std::string identity_name(int64_t identity) const override { return listing_.identity_name(identity); }

  std::string fingerprint() const override {
    lafs::formats::Fingerprint print;
    print.add("image_folder").add(size()).add(identities());
    if (exif_ == lafs::imaging::Exif::apply) print.add("exif applied");
    for (int64_t i = 0; i < identities(); ++i) print.add(listing_.identity_name(i));
    for (int64_t i = 0; i < size(); ++i) {
      std::error_code absent;
      print.add(listing_.name(i)).add(identity(i)).add(static_cast<int64_t>(std::filesystem::file_size(file(i), absent)));
    }
    return print.hex();
  }

  std::string content_fingerprint(const lafs::ContentRequest& request) const override {
    const int64_t count = request.count(size());
    const auto hashes = lafs::formats::hash_files(root_, count, [&](int64_t n) { return key(request.at(n)); }, request);
    lafs::formats::Fingerprint print;
    print.add("image_folder contents").add(count).add(identities());
    for (int64_t i = 0; i < identities(); ++i) print.add(listing_.identity_name(i));
    for (int64_t n = 0; n < count; ++n) {
      const lafs::formats::ContentHash& hash = hashes[static_cast<size_t>(n)];
      print.add(listing_.name(request.at(n)))
          .add(identity(request.at(n)))
          .add(static_cast<int64_t>(hash.high))
          .add(static_cast<int64_t>(hash.low));
    }
    return print.hex();
  }

 private:
  std::filesystem::path file(int64_t index) const { return root_ / listing_.name(index); }

  void list_people(lafs::Assembly& assembly) {
    lafs::image_folder::LeftOut left_out;
    listing_ = lafs::image_folder::list_folder(root_, left_out);
    for (const std::string& note : left_out.notes()) assembly.note(fmt::format("\"{}\": {}", root_.string(), note));
    if (const std::string note = lafs::image_folder::order_note(listing_); !note.empty()) assembly.note(note);
    for (int64_t i = 0; i < size(); ++i) {
      const std::string_view name = listing_.name(i);
      if (name.find('/') == name.rfind('/')) return;
    }
    assembly.note(
        fmt::format("\"{}\": no picture lies directly in a folder of it: {} people are counted, one a folder, first \"{}\", each with "
                    "all that lies deeper; if the people are those deeper folders, give one of these as the root",
                    root_.string(), identities(), listing_.identity_name(0)));
  }

  /// Tells how many pictures, of those that are looked at, EXIF wants turned. Only so many are looked at that opening stays quick.
  void tell_orientations(lafs::Assembly& assembly) const {
    const int64_t looked_at = std::min<int64_t>(size(), 1024);
    std::atomic<int64_t> lying{0};
    lafs::for_blocks(0, looked_at, 16, lafs::hardware_threads(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        try {
          lying += lafs::imaging::orientation_of(file(looked_at < 2 ? 0 : i * (size() - 1) / (looked_at - 1))) != 1;
        } catch (const lafs::Error&) {  // whoever needs the picture will say so
        }
      }
    });
    if (lying == 0) return;
    assembly.note(
        fmt::format("\"{}\": EXIF says of {} of {} pictures{} that they are to be turned; they are taken as stored (exif = \"ignore\")",
                    root_.string(), lying.load(), looked_at, looked_at < size() ? fmt::format(" looked at, of {},", size()) : ""));
  }

  void leave_out_damaged() {
    const auto damaged =
        lafs::imaging::find_damaged(size(), lafs::hardware_threads(), [&](int64_t index) { lafs::imaging::read_image(file(index)); });
    std::vector<int64_t> indices;
    for (const auto& [index, reason] : damaged) {
      indices.push_back(index);
      skipped_.push_back(reason);
    }
    if (static_cast<int64_t>(indices.size()) == size())
      throw lafs::Error(fmt::format("every image of \"{}\" is damaged; the first: {}", root_.string(), skipped_[0]));
    listing_.remove(indices);
    listing_.index_names();
  }

  lafs::imaging::Exif exif_;
  std::filesystem::path root_;
  lafs::image_folder::Listing listing_;
  std::vector<std::string> skipped_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<ImageFolder>("image_folder", "pictures in files, one folder an identity, or named by a list"); }
