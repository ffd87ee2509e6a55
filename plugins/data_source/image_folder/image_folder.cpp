#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "formats/fingerprint.h"
#include "imaging/damaged.h"
#include "imaging/decode.h"
#include "lafs/assembly.h"
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
class ImageFolder final : public lafs::DataSource, public lafs::Encoded, public lafs::Named, public lafs::Skipping {
 public:
  struct Options {
    lafs::Path root, list;
    std::string on_damaged = "error";

    void declare(lafs::Params& p) {
      // Where the pictures are changes no number; which ones they are is in the fingerprint.
      p.affects_nothing("root", root, lafs::needed(), "folder that holds a folder of images for each identity");
      p.affects_nothing("list", list,
                        "file that names the images instead, a line each: relative path, and the identity unless it is the parent folder; "
                        "or a .lst file of MXNet or InsightFace");
      p("on_damaged", on_damaged, lafs::one_of({"error", "skip"}),
        "error: reading a damaged file fails; skip: every file is decoded at opening, and damaged ones are left out and reported");
    }
  };

  ImageFolder(const Options& options, lafs::Assembly& assembly) {
    for (const lafs::Path& path : {options.root, options.list}) lafs::check_root(path);
    root_ = options.root.value;
    if (options.list.empty()) {
      listing_ = lafs::image_folder::list_folder(root_);
      if (const std::string note = lafs::image_folder::order_note(listing_); !note.empty()) assembly.note(note);
    } else {
      lafs::image_folder::ReadList read = lafs::image_folder::read_list(options.list.value, root_);
      listing_ = std::move(read.listing);
      for (const std::string& note : read.notes) assembly.note(note);
    }
    if (options.on_damaged == "skip") leave_out_damaged();
  }

  int64_t size() const override { return listing_.size(); }
  int64_t identities() const override { return listing_.identities(); }
  int64_t identity(int64_t index) const override { return listing_.identity(index); }
  std::string key(int64_t index) const override { return std::string(listing_.name(index)); }
  std::optional<int64_t> find(const std::string& key) const override { return listing_.find(key); }

  lafs::Sample get(int64_t index) const override {
    lafs::check_index(index, size());
    return {lafs::imaging::read_image(file(index)), identity(index), index, key(index), {}, 1};
  }
  std::vector<uint8_t> encoded(int64_t index) const override {
    lafs::check_index(index, size());
    return lafs::imaging::read_bytes(file(index));
  }
  std::vector<std::string> skipped() const override { return skipped_; }
  std::string identity_name(int64_t identity) const override { return listing_.identity_name(identity); }

  std::string fingerprint() const override {
    lafs::formats::Fingerprint print;
    print.add("image_folder").add(size()).add(identities());
    for (int64_t i = 0; i < identities(); ++i) print.add(listing_.identity_name(i));
    for (int64_t i = 0; i < size(); ++i) {
      std::error_code absent;
      print.add(listing_.name(i)).add(identity(i)).add(static_cast<int64_t>(std::filesystem::file_size(file(i), absent)));
    }
    return print.hex();
  }

 private:
  std::filesystem::path file(int64_t index) const { return root_ / listing_.name(index); }

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

  std::filesystem::path root_;
  lafs::image_folder::Listing listing_;
  std::vector<std::string> skipped_;
};

}  // namespace

LAFS_PLUGIN(registrar) { registrar.add<ImageFolder>("image_folder", "pictures in files, one folder an identity, or named by a list"); }
