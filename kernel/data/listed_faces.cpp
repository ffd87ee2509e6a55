#include "kernel/data/listed_faces.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "formats/landmark_list.h"
#include "formats/near_name.h"
#include "formats/picture_list.h"
#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs {

namespace {

using formats::ListedFace;

/// x0 .. x4 y0 .. y4 as x0 y0 x1 y1 ...
std::vector<float> as_pairs(const std::vector<float>& columns) {
  std::vector<float> pairs;
  for (size_t i = 0; i < columns.size() / 2; ++i) pairs.insert(pairs.end(), {columns[i], columns[columns.size() / 2 + i]});
  return pairs;
}

/// How far points are from those of a face, once both are brought together: squared distances in a face of 112 pixels; nothing for points
/// that cannot be brought together.
std::optional<double> strangeness(const std::vector<float>& numbers) {
  const imaging::FivePoints to = imaging::face_template("arcface").points, from = imaging::five_points(numbers);
  try {
    const imaging::Affine forward = imaging::similarity(from, to);
    double sum = 0;
    for (size_t i = 0; i < from.size(); ++i) {
      const double x = forward.x(from[i].x, from[i].y) - to[i].x, y = forward.y(from[i].x, from[i].y) - to[i].y;
      sum += x * x + y * y;
    }
    return sum;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::array<float, 4> box_around(const imaging::FivePoints& points) {
  std::array<float, 4> box{points[0].x, points[0].y, points[0].x, points[0].y};
  for (const imaging::Point& point : points)
    box = {std::min(box[0], point.x), std::min(box[1], point.y), std::max(box[2], point.x), std::max(box[3], point.y)};
  return box;
}

/// What is known of a list while its lines come in.
class Faces {
 public:
  Faces(const std::filesystem::path& list, const std::vector<std::string>& names, const std::filesystem::path& root)
      : list_(list), names_(names), root_(root) {}

  void take(ListedFace&& face) {
    const std::string name = formats::plain_path(face.picture, root_);
    const auto at = std::lower_bound(names_.begin(), names_.end(), name);
    if (at == names_.end() || *at != name) {
      if (elsewhere_.size() < 1000) elsewhere_.push_back(name);
      ++elsewhere_count_;
      return;
    }
    const auto picture = static_cast<size_t>(at - names_.begin());
    if (face.numbers.empty()) {
      reasons_.emplace(picture, fmt::format("line {} of the list has no landmarks for it", face.line));
      return;
    }
    if (const auto pairs = strangeness(face.numbers), columns = strangeness(as_pairs(face.numbers)); pairs && columns)
      (*pairs <= *columns ? like_pairs_ : like_columns_) += 1;
    rows_.push_back({picture, face.line, std::move(face.numbers), face.box});
  }

  FacesOfPictures finish(const formats::LandmarkListForm& form, PointOrder order, double scale) {
    if (rows_.empty() && reasons_.empty()) refuse();
    const bool columns = order == PointOrder::columns || (order == PointOrder::automatic && (form.columns || like_columns_ > like_pairs_));
    std::stable_sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.picture < b.picture; });
    FacesOfPictures out;
    out.begins.assign(names_.size() + 1, 0);
    for (Row& row : rows_) {
      if (columns) row.numbers = as_pairs(row.numbers);
      for (float& number : row.numbers) number = static_cast<float>(number * scale);
      add(row, scale, out);
    }
    std::partial_sum(out.begins.begin(), out.begins.end(), out.begins.begin());
    for (auto& [picture, reason] : reasons_)
      if (out.begins[picture] == out.begins[picture + 1]) out.reasons.emplace(picture, std::move(reason));
    tell(form, columns, out);
    return out;
  }

 private:
  struct Row {
    size_t picture;
    int64_t line;
    std::vector<float> numbers;
    std::optional<std::array<float, 4>> box;
  };

  void add(const Row& row, double scale, FacesOfPictures& out) {
    FoundFace face{imaging::five_points(row.numbers), {}};
    try {
      imaging::similarity(face.points, imaging::face_template("arcface").points);
    } catch (const Error& error) {
      reasons_.emplace(row.picture, fmt::format("line {} of the list: {}", row.line, error.what()));
      return;
    }
    face.box = row.box ? *row.box : box_around(face.points);
    if (row.box)
      for (float& edge : face.box) edge = static_cast<float>(edge * scale);
    out.faces.push_back(face);
    ++out.begins[row.picture + 1];
  }

  [[noreturn]] void refuse() const {
    formats::NearName near(names_.front());
    for (const std::string& name : elsewhere_) near.look(name);
    throw Error(
        fmt::format("the list \"{}\" has no landmarks for any of the {} pictures in \"{}\": the first picture is \"{}\", the first in "
                    "the list \"{}\"{}",
                    list_.string(), names_.size(), root_.string(), formats::shown(names_.front()),
                    formats::shown(elsewhere_.empty() ? "" : elsewhere_.front()), near.hint()));
  }

  void tell(const formats::LandmarkListForm& form, bool columns, FacesOfPictures& out) const {
    const std::string name = list_.filename().string();
    out.notes.push_back(fmt::format("\"{}\": its lines are {}{}", name, form.what, columns && !form.columns ? ", all x before all y" : ""));
    if (elsewhere_count_ > 0)
      out.notes.push_back(fmt::format("\"{}\": faces of pictures that are not in \"{}\": {}, the first is of \"{}\"", name, root_.string(),
                                      elsewhere_count_, formats::shown(elsewhere_.front())));
    int64_t several = 0;
    size_t first = 0;
    for (size_t i = 0; i + 1 < out.begins.size(); ++i) {
      if (out.begins[i + 1] - out.begins[i] > 1 && several++ == 0) first = i;
    }
    if (several > 0)
      out.notes.push_back(fmt::format(
          "\"{}\": pictures with several faces: {}, the first is \"{}\"; of each the face that is large and near the centre is taken", name,
          several, formats::shown(names_[first])));
    if (2 * std::min(like_pairs_, like_columns_) > std::max(like_pairs_, like_columns_) && std::min(like_pairs_, like_columns_) > 1)
      out.notes.push_back(fmt::format("\"{}\": many faces do not look like faces in either order of the points", name));
  }

  const std::filesystem::path& list_;
  const std::vector<std::string>& names_;
  const std::filesystem::path& root_;
  std::vector<Row> rows_;
  std::map<size_t, std::string> reasons_;
  std::vector<std::string> elsewhere_;
  int64_t elsewhere_count_ = 0, like_pairs_ = 0, like_columns_ = 0;
};

}  // namespace

const FoundFace& main_face(std::span<const FoundFace> faces, int64_t height, int64_t width) {
  const auto prominence = [&](const FoundFace& face) {
    const double w = face.box[2] - face.box[0], h = face.box[3] - face.box[1];
    const double x = (face.box[0] + face.box[2] - static_cast<double>(width)) / 2;
    const double y = (face.box[1] + face.box[3] - static_cast<double>(height)) / 2;
    return w * h - 2 * (x * x + y * y);
  };
  return *std::max_element(faces.begin(), faces.end(), [&](const auto& a, const auto& b) { return prominence(a) < prominence(b); });
}

FacesOfPictures read_listed_faces(const std::filesystem::path& list, const std::vector<std::string>& names,
                                  const std::filesystem::path& root, PointOrder order, double scale) {
  Faces faces(list, names, root);
  const formats::LandmarkListForm form = formats::read_landmark_list(list, [&](ListedFace&& face) { faces.take(std::move(face)); });
  return faces.finish(form, order, scale);
}

}  // namespace lafs
