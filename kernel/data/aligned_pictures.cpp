#include "kernel/data/aligned_pictures.h"

#include <algorithm>
#include <mutex>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "formats/fingerprint.h"
#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

/// Finders that no thread uses at the moment.
class FinderPool {
 public:
  explicit FinderPool(const std::function<std::unique_ptr<FaceFinder>()>& make) : make_(make) {}

  std::vector<FoundFace> find(const Image& picture) {
    std::unique_ptr<FaceFinder> finder = take();
    std::vector<FoundFace> faces = finder->find(picture);
    const std::lock_guard lock(guard_);
    idle_.push_back(std::move(finder));
    return faces;
  }

 private:
  std::unique_ptr<FaceFinder> take() {
    const std::lock_guard lock(guard_);
    if (idle_.empty()) return make_();
    std::unique_ptr<FaceFinder> finder = std::move(idle_.back());
    idle_.pop_back();
    return finder;
  }

  const std::function<std::unique_ptr<FaceFinder>()>& make_;
  std::mutex guard_;
  std::vector<std::unique_ptr<FaceFinder>> idle_;
};

/// One point may lie outside of a picture that cuts a face off; two are a sign that the points are those of another picture.
bool are_outside(const imaging::FivePoints& points, const Image& picture) {
  const auto is_outside = [&](const auto& point) {
    return point.x < 0 || point.y < 0 || point.x >= static_cast<float>(picture.width) || point.y >= static_cast<float>(picture.height);
  };
  return std::count_if(points.begin(), points.end(), is_outside) >= 2;
}

std::string without_face(const FacesOfPictures& faces, size_t picture) {
  const auto known = faces.reasons.find(picture);
  return known == faces.reasons.end() ? "the list has no landmarks for it" : known->second;
}

}  // namespace

ListedFolder list_pictures(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw Error(fmt::format("the folder \"{}\" does not exist", folder.string()));
  ListedFolder listed;
  for (auto at = fs::recursive_directory_iterator(folder); at != fs::recursive_directory_iterator(); ++at) {
    std::error_code ignored;
    if (at->is_directory(ignored)) {
      if (is_hidden(at->path())) at.disable_recursion_pending();
    } else if (!is_hidden(at->path()) && at->is_regular_file(ignored)) {
      if (imaging::is_image_name(at->path())) {
        listed.pictures.push_back(at->path().lexically_relative(folder).generic_string());
      } else {
        listed.other_files.add(at->path().filename().string());
      }
    }
  }
  if (listed.pictures.empty()) {
    throw Error(fmt::format("\"{}\" holds no pictures{}", folder.string(),
                            listed.other_files.empty() ? "" : ", but files that are not read: " + listed.other_files.text()));
  }
  std::sort(listed.pictures.begin(), listed.pictures.end());
  return listed;
}

AlignedPictures::AlignedPictures(const AlignmentRequest& request, std::vector<std::string> names, FacesOfPictures faces)
    : request_(request), template_(imaging::face_template(request.face_template, request.size)), names_(std::move(names)) {
  std::vector<char> kept(names_.size(), 1);
  for (size_t i = 0; i < names_.size(); ++i) {
    begins_.push_back(faces.begins[i]);
    ends_.push_back(faces.begins[i + 1]);
    if (begins_[i] < ends_[i]) continue;
    kept[i] = 0;
    missing_.push_back({static_cast<int64_t>(i), names_[i], without_face(faces, i)});
  }
  if (!missing_.empty() && !request.skip_missing)
    throw Error(fmt::format("pictures without a face: {} of {}:{}\nnothing was written; --missing skip leaves them out", missing_.size(),
                            names_.size(), damage_lines(missing_, 20)));
  if (missing_.size() == names_.size()) throw Error(fmt::format("no picture of \"{}\" has a face", request.pictures.string()));
  faces_ = std::move(faces.faces);
  keep(kept);
}

void AlignedPictures::keep(const std::vector<char>& kept) {
  size_t to = 0;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i]) continue;
    std::swap(names_[to], names_[i]);
    begins_[to] = begins_[i];
    ends_[to++] = ends_[i];
  }
  names_.resize(to);
  begins_.resize(to);
  ends_.resize(to);
  outside_.assign(to, 0);
  number_folders();
}

void AlignedPictures::number_folders() {
  const auto of = [](const std::string& name) { return name.substr(0, name.find('/') == std::string::npos ? 0 : name.rfind('/')); };
  folders_.clear();
  for (const std::string& name : names_)
    if (folders_.empty() || folders_.back() != of(name)) folders_.push_back(of(name));
  std::sort(folders_.begin(), folders_.end());
  folders_.erase(std::unique(folders_.begin(), folders_.end()), folders_.end());
  identities_.clear();
  for (const std::string& name : names_)
    identities_.push_back(std::lower_bound(folders_.begin(), folders_.end(), of(name)) - folders_.begin());
}

void AlignedPictures::leave_out(const std::vector<DamagedPicture>& pictures) {
  std::vector<char> kept(names_.size(), 1);
  for (const DamagedPicture& picture : pictures) kept[static_cast<size_t>(picture.index)] = 0;
  keep(kept);
}

Sample AlignedPictures::get(int64_t index) const {
  check_index(index, size());
  const auto i = static_cast<size_t>(index);
  const fs::path file = request_.pictures / names_[i];
  const Image picture = imaging::read_image(file, request_.exif);
  const std::span<const FoundFace> faces(faces_.data() + begins_[i], ends_[i] - begins_[i]);
  try {
    const imaging::FivePoints& points = main_face(faces, picture.height, picture.width).points;
    outside_[i] = are_outside(points, picture) ? 1 : 0;
    Image aligned = imaging::align(picture, points, template_);
    return {std::move(aligned), identity(index), index, names_[i], {}, 1};
  } catch (const Error& error) {
    throw Error(fmt::format("\"{}\": {}", file.string(), error.what()));
  }
}

std::vector<std::string> AlignedPictures::with_points_outside() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < outside_.size(); ++i) {
    if (outside_[i]) names.push_back(names_[i]);
  }
  return names;
}

std::optional<int64_t> AlignedPictures::find(const std::string& key) const {
  const auto at = std::lower_bound(names_.begin(), names_.end(), key);
  return at != names_.end() && *at == key ? std::optional(at - names_.begin()) : std::nullopt;
}

std::string AlignedPictures::fingerprint() const {
  formats::Fingerprint print;
  print.add("aligned pictures").add(request_.face_template).add(request_.size).add(size());
  for (size_t i = 0; i < names_.size(); ++i) {
    std::error_code absent;
    print.add(names_[i]).add(static_cast<int64_t>(fs::file_size(request_.pictures / names_[i], absent)));
    for (uint64_t k = begins_[i]; k < ends_[i]; ++k) print.add_bytes(&faces_[k], sizeof faces_[k]);
  }
  return print.hex();
}

FacesOfPictures find_faces(const AlignmentRequest& request, const std::vector<std::string>& names,
                           const std::function<std::unique_ptr<FaceFinder>()>& make_finder, int64_t threads,
                           const std::function<bool(int64_t done)>& go_on) {
  FinderPool finders(make_finder);
  std::vector<std::vector<FoundFace>> found(names.size());
  FacesOfPictures out;
  std::mutex guard;
  int64_t done = 0;
  for_blocks(0, static_cast<int64_t>(names.size()), 1, threads, [&](int64_t at, int64_t) {
    const auto i = static_cast<size_t>(at);
    std::string reason = "no face was found in it";
    std::optional<Image> picture;
    try {
      picture = imaging::read_image(request.pictures / names[i], request.exif);
    } catch (const Error& error) {
      reason = error.what();
    }
    if (picture) found[i] = finders.find(*picture);
    const std::lock_guard lock(guard);
    if (found[i].empty()) out.reasons.emplace(i, reason);
    if (!go_on(++done)) throw Error(fmt::format("stopped after {} of {} pictures; nothing was written", done, names.size()));
  });
  out.begins.push_back(0);
  for (const auto& faces : found) {
    out.faces.insert(out.faces.end(), faces.begin(), faces.end());
    out.begins.push_back(out.faces.size());
  }
  const auto several = [](const std::vector<FoundFace>& faces) { return faces.size() > 1; };
  const auto first = std::find_if(found.begin(), found.end(), several);
  if (first != found.end())
    out.notes.push_back(
        fmt::format("pictures with several faces: {}, the first is \"{}\"; of each the face that is large and near the centre is taken",
                    std::count_if(first, found.end(), several), names[static_cast<size_t>(first - found.begin())]));
  return out;
}

}  // namespace lafs
