#include "runner/tools/align/align.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "imaging/orientation.h"
#include "kernel/data/face_detector.h"
#include "kernel/data/new_folder.h"
#include "kernel/data/pack.h"
#include "kernel/results/json_text.h"
#include "kernel/run/interrupt.h"
#include "lafs/parallel.h"
#include "runner/report/progress.h"
#include "runner/report/say.h"

namespace lafs {

namespace {

/// A picture that cannot be read does not: later it is an error, or left out.
bool asks_to_be_turned(const std::filesystem::path& picture) {
  try {
    return imaging::orientation_of(picture) != 1;
  } catch (const Error&) {
    return false;
  }
}

class Alignment {
 public:
  Alignment(const AlignRequest& request, bool quiet) : request_(request), quiet_(quiet) {
    if (request.landmarks.empty() && request.detector.empty())
      throw Error("name where the faces are: --landmarks LIST, or --detector MODEL");
    if (!request.landmarks.empty() && !request.detector.empty()) throw Error("give --landmarks or --detector, not both");
    imaging::face_template(request.pictures.face_template, request.pictures.size);  // a wrong size is told before any work
    check_apart(request.pictures.pictures, request.output.out);
  }

  nlohmann::json run() {
    ListedFolder listed = list_pictures(request_.pictures.pictures);
    other_files_ = std::move(listed.other_files);
    if (!other_files_.empty()) say("files that are not read: {}; convert photographs among them to JPEG or PNG\n", other_files_.text());
    std::vector<std::string>& names = listed.pictures;
    if (request_.pictures.exif == imaging::Exif::ignore) count_turned(names);
    FacesOfPictures faces = find(names);
    for (const std::string& note : faces.notes) say("{}\n", note);
    AlignedPictures source(request_.pictures, std::move(names), std::move(faces));
    left_out_ = source.missing();
    const auto [pictures, bytes] = request_.records ? write_records(source) : write_folder(source);
    points_outside_ = source.with_points_outside();
    if (!points_outside_.empty())
      say("warning: points that lie outside of their picture: those of {} of {} pictures, the first \"{}\"; if the list was measured on "
          "pictures of another size, give --scale\n",
          points_outside_.size(), pictures, points_outside_.front());
    if (!left_out_.empty()) say("pictures left out: {}:{}\n", left_out_.size(), damage_lines(left_out_, 20));
    return result(source, pictures, bytes);
  }

 private:
  /// Asks whether to go on, and shows how far the work is.
  auto watched(PictureProgress& progress) const {
    return [&progress](int64_t done) {
      progress.show(done);
      return !interrupted();
    };
  }

  /// Says how many pictures would be turned.
  void count_turned(const std::vector<std::string>& names) {
    std::vector<char> asks(names.size());
    for_blocks(0, static_cast<int64_t>(names.size()), 64, request_.output.threads, [&](int64_t first, int64_t past) {
      for (auto i = static_cast<size_t>(first); i < static_cast<size_t>(past); ++i)
        asks[i] = asks_to_be_turned(request_.pictures.pictures / names[i]) ? 1 : 0;
    });
    const auto first = std::find(asks.begin(), asks.end(), 1);
    turned_ = std::count(first, asks.end(), 1);
    if (turned_ == 0) return;
    say("pictures that their EXIF data says to turn: {}, the first \"{}\"; they are taken as they are stored, --exif apply turns them\n",
        turned_, names[static_cast<size_t>(first - asks.begin())]);
  }

  FacesOfPictures find(const std::vector<std::string>& names) {
    if (!request_.landmarks.empty())
      return read_listed_faces(request_.landmarks, names, request_.pictures.pictures, request_.order, request_.scale);
    const auto open = [&] { return open_face_detector(request_.detector, static_cast<float>(request_.least_score)); };
    open();  // what is wrong with the model is told before any work
    if (!quiet_) say("looking for faces\n");
    PictureProgress progress(quiet_, 0, static_cast<int64_t>(names.size()));
    return find_faces(request_.pictures, names, open, request_.output.threads, watched(progress));
  }

  std::pair<int64_t, uint64_t> write_folder(const AlignedPictures& source) {
    PictureProgress progress(quiet_, 0, source.size());
    PictureFolderOptions options = request_.output;
    options.skip_damaged = request_.pictures.skip_missing;
    PictureFolderResult result = write_pictures(source, options, watched(progress));
    left_out_.insert(left_out_.end(), result.damaged.begin(), result.damaged.end());
    return {result.pictures, result.bytes};
  }

  std::pair<int64_t, uint64_t> write_records(AlignedPictures& source) {
    if (request_.pictures.skip_missing) {
      PictureProgress progress(quiet_, 0, source.size());
      const SourceCheck check = check_source(source, request_.output.threads, watched(progress));
      left_out_.insert(left_out_.end(), check.damaged.begin(), check.damaged.end());
      source.leave_out(check.damaged);
    }
    PackOptions options;
    options.out = request_.output.out;
    options.format = request_.output.format;
    options.quality = request_.output.quality;
    options.threads = request_.output.threads;
    PictureProgress progress(quiet_, 0, source.size());
    const PackResult result = pack(source, options, watched(progress));
    return {result.pictures, result.bytes};
  }

  nlohmann::json result(const AlignedPictures& source, int64_t pictures, uint64_t bytes) const {
    nlohmann::json json{{"out", request_.output.out.string()},
                        {"pictures", pictures},
                        {"bytes", bytes},
                        {"template", request_.pictures.face_template},
                        {"height", source.face_template().height},
                        {"width", source.face_template().width},
                        {"other_files", nlohmann::json::object()},
                        {"points_outside", points_outside_},
                        {"left_out", nlohmann::json::array()}};
    for (const auto& [ending, count] : other_files_.counts()) json["other_files"][ending] = count;
    if (request_.pictures.exif == imaging::Exif::ignore) json["not_turned"] = turned_;
    for (const DamagedPicture& picture : left_out_) json["left_out"].push_back({{"picture", picture.key}, {"reason", picture.reason}});
    return json;
  }

  const AlignRequest& request_;
  bool quiet_;
  std::vector<DamagedPicture> left_out_;
  formats::OtherEndings other_files_;
  std::vector<std::string> points_outside_;
  int64_t turned_ = 0;  ///< pictures that would be turned, where they are not
};

}  // namespace

bool align_pictures(const AlignRequest& request, bool quiet, bool json) {
  catch_interrupts();
  try {
    const nlohmann::json result = Alignment(request, quiet).run();
    if (json) {
      fmt::print("{}\n", json_text(result));
    } else {
      fmt::print("{} pictures of {} x {} in {}, {} left out, {} bytes\n", result["pictures"].get<int64_t>(), result["width"].get<int64_t>(),
                 result["height"].get<int64_t>(), request.output.out.string(), result["left_out"].size(), result["bytes"].get<uint64_t>());
    }
    return true;
  } catch (const Error& error) {
    if (!interrupted()) throw;
    say("lafs: {}\n", error.what());
    return false;
  }
}

}  // namespace lafs
