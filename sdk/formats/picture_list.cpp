#include "formats/picture_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <numeric>
#include <optional>
#include <string_view>
#include <system_error>

#include "formats/near_name.h"
#include "formats/text_file.h"
#include "lafs/error.h"

namespace lafs::formats {
namespace {

namespace fs = std::filesystem;

bool is_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// The nearest name in the folder where a path stops existing.
std::string near_file(const std::string& path, const fs::path& root) {
  std::error_code none;
  fs::path there = root;
  for (const fs::path& part : fs::path(path)) {
    if (part.empty() || fs::exists(there / part, none)) {
      there /= part;
      continue;
    }
    NearName near(part.string());
    for (fs::directory_iterator entry(there, none), end; !none && entry != end; entry.increment(none))
      near.look(entry->path().filename().string());
    return near.hint();
  }
  return fs::is_directory(there, none) ? "; it is a folder" : "";
}

/// The likely cause of a path that is not there.
std::string why_not_there(const std::string& path, const fs::path& root) {
  std::error_code none;
  const auto is_there = [&](const std::string& name) { return !name.empty() && fs::is_regular_file(root / name, none); };
  NearName near(path);
  std::string slashed = path;
  std::replace(slashed.begin(), slashed.end(), '\\', '/');
  if (slashed != path && is_there(slashed)) near.look(slashed);
  for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
    if (is_there(path.substr(slash + 1))) near.look(path.substr(slash + 1));
  for (size_t cut = path.find_first_of(",;|"); cut != std::string::npos; cut = path.find_first_of(",;|", cut + 1))
    if (is_there(path.substr(0, cut))) near.look(path.substr(0, cut));
  if (const std::string hint = near.hint(); !hint.empty()) return hint;
  return near_file(path, root);
}

/// What the lines of a list mean.
class Form {
 public:
  explicit Form(const fs::path& root) : root_(root) {}
  virtual ~Form() = default;
  virtual ListedPicture read(const std::string& line) = 0;  ///< throws Error without a place
  virtual std::vector<std::string> notes() const { return {}; }
  void went_on() { first_ = false; }

 protected:
  bool is_there(const std::string& path) const {
    std::error_code none;
    return fs::is_regular_file(root_ / path, none);
  }
  [[noreturn]] void not_there(const std::string& path) const {
    std::string why = why_not_there(path, root_);
    if (why.empty() && first_ && !fs::path(path).has_extension()) why = "; if this is a heading, remove it: a list of pictures has none";
    throw Error(fmt::format("\"{}\" is not in \"{}\"{}", shown(path), root_.string(), why));
  }
  static const std::string& whole(const std::string& label) {
    if (label_number(label)) return label;
    throw Error(fmt::format("the label of a person is a whole number in this form, not \"{}\"", shown(label)));
  }

 private:
  const fs::path& root_;
  bool first_ = true;
};

class PlainForm final : public Form {
 public:
  using Form::Form;
  ListedPicture read(const std::string& line) override {
    if (const size_t tab = line.find('\t'); tab != std::string::npos) return cut(line, tab);
    const size_t first = line.find(' ');
    if (first == std::string::npos || !is_there(line.substr(0, first))) return longest(line);
    ListedPicture picture = cut(line, first);
    // "a 1.jpg" where both "a" and "a 1.jpg" are files.
    if (fs::path(picture.label).has_extension() && is_there(line))
      throw Error(fmt::format("\"{}\" and \"{}\" are both there: write a tab between path and label", shown(picture.path), shown(line)));
    return picture;
  }

 private:
  ListedPicture cut(const std::string& line, size_t at) const {
    ListedPicture picture{std::string(without_blanks(line.substr(0, at))), std::string(without_blanks(line.substr(at))), 0};
    if (!is_there(picture.path)) not_there(picture.path);
    return picture;
  }
  /// A path with blanks in it, alone or before a label.
  ListedPicture longest(const std::string& line) const {
    if (is_there(line)) return {line, "", 0};
    for (size_t at = line.rfind(' '); at != std::string::npos && at > 0; at = line.rfind(' ', at - 1))
      if (is_there(std::string(without_blanks(line.substr(0, at))))) return cut(line, at);
    // What ends like a file is the path, what follows the label.
    for (size_t at = line.find(' '); at != std::string::npos; at = line.find(' ', at + 1))
      if (fs::path(line.substr(0, at)).has_extension()) not_there(line.substr(0, at));
    not_there(line);
  }
};

class MxnetForm final : public Form {
 public:
  using Form::Form;
  /// Whether a line reads so, without a look at the file system.
  static bool fits(const std::vector<std::string>& fields) {
    return fields.size() > 2 && count_of(fields[0]) && std::all_of(fields.begin() + 1, fields.end() - 1, is_number);
  }
  ListedPicture read(const std::string& line) override {
    const std::vector<std::string> fields = fields_of(line);
    if (!fits(fields)) throw Error("the lines of this list are MXNet's, \"number, label, path\" with tabs between, and this one is not");
    most_labels_ = std::max(most_labels_, fields.size() - 2);
    if (!is_there(fields.back())) not_there(fields.back());
    return {fields.back(), whole(fields[1]), 0};
  }
  std::vector<std::string> notes() const override {
    std::vector<std::string> all{"its lines are MXNet's: number, label, path"};
    if (most_labels_ > 1)
      all.push_back(fmt::format("lines have up to {} labels: the first is the person's, the others are not used", most_labels_));
    return all;
  }

 private:
  size_t most_labels_ = 0;
};

class InsightFaceForm final : public Form {
 public:
  using Form::Form;
  static bool fits(const std::vector<std::string>& fields) {
    return fields.size() > 2 && (fields[0] == "0" || fields[0] == "1") && is_number(fields[2]) &&
           std::all_of(fields.begin() + 3, fields.end(), is_number);
  }
  ListedPicture read(const std::string& line) override {
    const std::vector<std::string> fields = fields_of(line);
    if (!fits(fields))
      throw Error("the lines of this list are InsightFace's, \"aligned, path, label\" with tabs between, and this one is not");
    if (!is_there(fields[1])) not_there(fields[1]);
    not_aligned_ += fields[0] == "0" ? 1 : 0;
    with_boxes_ += fields.size() > 3 ? 1 : 0;
    return {fields[1], whole(fields[2]), 0};
  }
  std::vector<std::string> notes() const override {
    std::vector<std::string> all{"its lines are InsightFace's: aligned, path, label"};
    if (not_aligned_ > 0)
      all.push_back(fmt::format("pictures that the list calls not aligned: {}; they are used as they are", not_aligned_));
    if (with_boxes_ > 0) all.push_back(fmt::format("boxes and landmarks of {} pictures are not used", with_boxes_));
    return all;
  }

 private:
  int64_t not_aligned_ = 0, with_boxes_ = 0;
};

/// The form of a list whose first line this is.
std::unique_ptr<Form> form_of(const std::string& line, const fs::path& root) {
  const std::vector<std::string> fields = fields_of(line);
  std::error_code none;
  const auto is_there = [&](const std::string& path) { return fs::is_regular_file(root / path, none); };
  const bool plain = fields.size() < 3 || is_there(fields[0]) || is_there(line);
  const bool mxnet = MxnetForm::fits(fields), insightface = InsightFaceForm::fits(fields);
  if (!plain && mxnet && (is_there(fields.back()) || !insightface)) return std::make_unique<MxnetForm>(root);
  if (!plain && insightface) return std::make_unique<InsightFaceForm>(root);
  for (size_t i = 1; !plain && i < fields.size(); ++i) {
    if (is_there(fields[i]))
      throw Error(
          fmt::format("the picture \"{}\" is field {} of {}; write \"path, label\", or MXNet's \"number, label, path\", with tabs between "
                      "and whole numbers as labels",
                      shown(fields[i]), i + 1, fields.size()));
  }
  return std::make_unique<PlainForm>(root);
}

}  // namespace

std::vector<std::string> read_picture_list(const fs::path& list, const fs::path& root,
                                           const std::function<void(const ListedPicture&)>& take) {
  TextFile text(list);
  std::unique_ptr<Form> form;
  while (text.next()) {
    try {
      if (!form) form = form_of(text.line(), root);
      ListedPicture picture = form->read(text.line());
      picture.line = text.number();
      take(picture);
      form->went_on();
    } catch (const PlacedError&) {
      throw;
    } catch (const Error& error) {
      text.fail(error.what());
    }
  }
  if (!form) throw Error(fmt::format("the list \"{}\" names no images", list.string()));
  return form->notes();
}

std::string plain_path(const std::string& path, const fs::path& root) {
  // Of millions of paths hardly one needs more than a look.
  if (!path.starts_with('/') && path.find("./") == std::string::npos && path.find("//") == std::string::npos) return path;
  const fs::path normal = fs::path(path).lexically_normal();
  if (!normal.is_absolute()) return normal.generic_string();
  const fs::path relative = normal.lexically_relative(fs::absolute(root).lexically_normal());
  return (relative.empty() || *relative.begin() == ".." ? normal : relative).generic_string();
}

LabelNumbers number_labels(const std::vector<std::string>& labels, const std::vector<int64_t>& lines, bool folders) {
  std::vector<int64_t> values;
  for (const std::string& label : labels) {
    const auto value = label_number(label);
    if (!value || folders) break;
    values.push_back(*value);
  }
  const bool numbers = values.size() == labels.size();
  std::vector<size_t> order(labels.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return numbers ? values[a] < values[b] : labels[a] < labels[b]; });
  LabelNumbers out;
  out.number.resize(labels.size());
  std::optional<size_t> first_changed;
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t label = order[i];
    if (numbers && i > 0 && values[order[i - 1]] == values[label])
      throw Error(fmt::format("the labels \"{}\" (line {}) and \"{}\" (line {}) are one number; write it in one way", labels[order[i - 1]],
                              lines[order[i - 1]], labels[label], lines[label]));
    if (numbers && !first_changed && values[label] != static_cast<int64_t>(i)) first_changed = i;
    out.number[label] = static_cast<int64_t>(i);
    out.names.push_back(labels[label]);
  }
  if (first_changed) {
    const int64_t low = values[order.front()], high = values[order.back()];
    out.change = fmt::format("{} renumbered without gaps, in their order: {} becomes {}",
                             low == high ? fmt::format("the label {} is", low) : fmt::format("the labels {} to {} are", low, high),
                             values[order[*first_changed]], *first_changed);
  }
  return out;
}

}  // namespace lafs::formats
