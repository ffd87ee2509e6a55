#include "formats/landmark_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

using Fields = std::vector<std::string_view>;

std::optional<float> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_whole(float number) { return number == std::floor(number); }
bool is_share(float number) { return number >= 0 && number <= 1; }

/// Between any of these characters; none is empty, and none is in quotes.
Fields split(std::string_view text, std::string_view separators) {
  Fields fields;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(separators), text.size());
    std::string_view field = without_blanks(text.substr(0, end));
    if (field.size() > 1 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
    if (!field.empty()) fields.push_back(field);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fields;
}

/// The name may have blanks in it where tabs or commas separate; numbers never have.
Fields fields_in(std::string_view line) {
  for (const char separator : {'\t', ','}) {
    const size_t first = line.find(separator);
    if (first == std::string_view::npos) continue;
    Fields fields = split(line.substr(0, first), {&separator, 1});
    // InsightFace's second field is a path, and may have blanks as well.
    const size_t second = std::min(line.find(separator, first + 1), line.size());
    const std::string_view path = without_blanks(line.substr(first + 1, second - first - 1));
    if (separator == '\t' && path.find(' ') != std::string_view::npos && !number_of(path.substr(0, path.find(' ')))) {
      fields.push_back(path);
      line.remove_prefix(second);
    } else {
      line.remove_prefix(first);
    }
    const Fields rest = split(line, "\t ,;");
    fields.insert(fields.end(), rest.begin(), rest.end());
    return fields;
  }
  return split(line, " ;");
}

std::vector<float> numbers_in(std::span<const std::string_view> fields) {
  std::vector<float> numbers;
  for (const std::string_view field : fields) {
    const auto number = number_of(field);
    if (!number) throw Error(fmt::format("\"{}\" is not a number", shown(field)));
    if (!std::isfinite(*number)) throw Error(fmt::format("a number is finite, not \"{}\"", shown(field)));
    numbers.push_back(*number);
  }
  return numbers;
}

std::array<float, 4> box_at(const std::vector<float>& numbers, size_t at) {
  return {numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]};
}

/// What the numbers of a line are, by their count and by the first line that has them.
struct Layout {
  size_t count = 0;
  bool label = false, box = false, score_first = false, score_last = false;

  static Layout of(const std::vector<float>& n);
  size_t points() const { return size_t{label} + (box ? 4 : 0) + (score_first ? 1 : 0); }
  std::string text() const;
};

Layout Layout::of(const std::vector<float>& n) {
  Layout out;
  out.count = n.size();
  size_t left = n.size() == 136 ? 0 : n.size() - std::min<size_t>(n.size(), 10);
  if (left >= 4) {
    out.label = left == 6 && is_whole(n[0]);
    const size_t behind = out.label ? 5 : 4;
    out.box = true;
    left -= 4 + (out.label ? 1 : 0);
    if (left == 1) out.score_first = is_share(n[behind]);
  }
  if (left == 1 && !out.score_first) out.score_last = is_share(n.back());
  if (left == 1 && !out.score_first && !out.score_last && !out.label) out.label = is_whole(n[0]);
  const size_t known = out.points() + (out.score_last ? 1 : 0) + (n.size() == 136 ? 136 : 10);
  if (n.size() < 10 || known != n.size())
    throw Error(
        fmt::format("a face has a picture and 10 numbers, x and y of five points, perhaps with a label, a box of 4 numbers and a "
                    "score in [0, 1]; or 136, x and y of 68 points; this line has {} numbers",
                    n.size()));
  return out;
}

std::string Layout::text() const {
  return fmt::format("picture{}{}{}, {} points{}", label ? ", label" : "", box ? ", box" : "", score_first ? ", score" : "",
                     count == 136 ? "68" : "five", score_last ? ", score" : "");
}

/// A way to write such a list.
class FaceForm {
 public:
  virtual ~FaceForm() = default;
  virtual std::optional<ListedFace> read(std::string_view line, int64_t number) = 0;  ///< nothing: the line is not a face
  virtual LandmarkListForm form() const = 0;
};

class PlainFaces final : public FaceForm {
 public:
  std::optional<ListedFace> read(std::string_view line, int64_t number) override {
    const Fields fields = fields_in(line);
    ListedFace face{std::string(fields[0]), {}, std::nullopt, number};
    if (fields.size() == 1) return face;
    const std::vector<float> n = numbers_in(std::span(fields).subspan(1));
    if (!layout_) {
      layout_ = Layout::of(n);
      first_ = number;
    }
    if (n.size() != layout_->count)
      throw Error(fmt::format("this line has {} numbers, and the first face, in line {}, has {}", n.size(), first_, layout_->count));
    if (layout_->label && !is_whole(n[0])) throw Error(fmt::format("a label is a whole number, not \"{}\"", shown(fields[1])));
    if (layout_->box) face.box = box_at(n, layout_->label ? 1 : 0);
    const auto begin = n.begin() + static_cast<std::ptrdiff_t>(layout_->points());
    face.numbers.assign(begin, begin + (layout_->count == 136 ? 136 : 10));
    return face;
  }
  LandmarkListForm form() const override { return {layout_ ? layout_->text() : "picture", false}; }

 private:
  std::optional<Layout> layout_;
  int64_t first_ = 0;
};

class InsightFaceFaces final : public FaceForm {
 public:
  static bool fits(std::string_view line) {
    const Fields fields = fields_in(line);
    return line.find('\t') != std::string_view::npos && fields.size() > 2 && (fields[0] == "0" || fields[0] == "1") &&
           !number_of(fields[1]);
  }
  std::optional<ListedFace> read(std::string_view line, int64_t number) override {
    const Fields fields = fields_in(line);
    const size_t numbers = fields.size() - std::min<size_t>(fields.size(), 3);
    if (!fits(line) || (numbers != 0 && numbers != 4 && numbers != 14))
      throw Error(
          "the lines of this list are InsightFace's, \"aligned, path, label, box, x of five points, y of five points\" with tabs "
          "between, and this one is not");
    ListedFace face{std::string(fields[1]), numbers_in(std::span(fields).subspan(3)), std::nullopt, number};
    if (numbers >= 4) {
      face.box = box_at(face.numbers, 0);
      face.numbers.erase(face.numbers.begin(), face.numbers.begin() + 4);
    }
    return face;
  }
  LandmarkListForm form() const override { return {"InsightFace's: aligned, path, label, box, x and then y of five points", true}; }
};

class RetinaFaceFaces final : public FaceForm {
 public:
  std::optional<ListedFace> read(std::string_view line, int64_t number) override {
    if (line.starts_with('#')) {
      picture_ = without_blanks(line.substr(1));
      return std::nullopt;
    }
    const std::vector<float> n = numbers_in(split(line, " \t,"));
    if (n.size() != 4 && n.size() != 19 && n.size() != 20)
      throw Error(
          fmt::format("the lines of this list are RetinaFace's: below \"# picture\" each face has left, top, width, height, and five "
                      "times x, y and a flag, 19 or 20 numbers, or 4; this line has {}",
                      n.size()));
    ListedFace face{picture_, {}, std::array<float, 4>{n[0], n[1], n[0] + n[2], n[1] + n[3]}, number};
    for (size_t i = 4; i + 2 < n.size() && i < 19; i += 3) {
      if (n[i + 2] < 0) return ListedFace{picture_, {}, face.box, number};
      face.numbers.insert(face.numbers.end(), {n[i], n[i + 1]});
    }
    return face;
  }
  LandmarkListForm form() const override { return {"RetinaFace's: \"# picture\", then box and five points of each face", false}; }

 private:
  std::string picture_;
};

/// A line that says what follows: names of columns, or how many lines there are.
bool is_heading(std::string_view line) {
  const Fields fields = fields_in(line);
  if (fields.size() == 1) return number_of(fields[0]).has_value();
  return fields.size() >= 10 && std::none_of(fields.begin() + 1, fields.end(), [](std::string_view field) { return number_of(field); });
}

std::unique_ptr<FaceForm> face_form(std::string_view line) {
  if (line.starts_with('#')) return std::make_unique<RetinaFaceFaces>();
  if (InsightFaceFaces::fits(line)) return std::make_unique<InsightFaceFaces>();
  return std::make_unique<PlainFaces>();
}

}  // namespace

LandmarkListForm read_landmark_list(const std::filesystem::path& list, const std::function<void(ListedFace&&)>& take) {
  TextFile text(list);
  std::unique_ptr<FaceForm> form;
  while (text.next()) {
    if (!form && is_heading(text.line())) continue;
    if (!form) form = face_form(text.line());
    try {
      if (auto face = form->read(text.line(), text.number())) take(std::move(*face));
    } catch (const PlacedError&) {
      throw;
    } catch (const Error& error) {
      text.fail(error.what());
    }
  }
  if (!form) throw Error(fmt::format("the list \"{}\" names no pictures", list.string()));
  return form->form();
}

}  // namespace lafs::formats
