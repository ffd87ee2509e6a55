#include "formats/template_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>
#include <string_view>

#include "formats/mapped_lines.h"
#include "formats/text_file.h"
#include "lafs/error.h"
#include "lafs/parallel.h"

namespace lafs::formats {
namespace {

std::optional<int64_t> whole_of(std::string_view field) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (field.empty() || error != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return value;
}

std::optional<float> real_of(std::string_view field) {
  float value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (field.empty() || error != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string fields_text(int64_t count) { return count == 1 ? "1 field" : fmt::format("{} fields", count); }

int64_t count_fields(std::string_view line) {
  int64_t count = 0;
  while (!next_field(line).empty()) ++count;
  return count;
}

/// Calls `row(walk, at)` for each line that is not empty, on all threads; `at` is where its row goes. Returns the rows of each part.
template <typename Row>
std::vector<int64_t> for_rows(const MappedLines& lines, const Row& row) {
  std::vector<int64_t> rows(lines.parts().size());
  for_blocks(0, std::ssize(rows), 1, hardware_threads(), [&](int64_t p, int64_t) {
    const LinePart& part = lines.parts()[static_cast<size_t>(p)];
    LineWalk walk(part);
    auto at = static_cast<size_t>(part.first_line - 1);
    for (; walk.next(); ++at) row(walk, at);
    rows[static_cast<size_t>(p)] = static_cast<int64_t>(at) - (part.first_line - 1);
  });
  return rows;
}

template <typename... Lists>
void resize_all(size_t size, Lists&... lists) {
  (lists.resize(size), ...);
}

template <typename... Lists>
void close_all(const MappedLines& lines, const std::vector<int64_t>& rows, Lists&... lists) {
  (close_gaps(lists, lines.parts(), rows), ...);
}

int64_t whole_field(const MappedLines& lines, const LineWalk& walk, std::string_view field, std::string_view what) {
  const auto value = whole_of(field);
  if (!value) lines.fail(walk.number(), fmt::format("{} is a whole number of 64 bits, not \"{}\"", what, shown(field)));
  return *value;
}

/// A row of a CSV file in two fields, out of their quotes.
std::string_view csv_field(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const bool quoted = line.starts_with('"');
  const size_t end = std::min(line.find(quoted ? '"' : ',', quoted ? 1 : 0), line.size());
  const std::string_view field = line.substr(quoted ? 1 : 0, quoted ? end - 1 : end);
  line.remove_prefix(std::min(end + 1, line.size()));
  if (quoted && line.starts_with(',')) line.remove_prefix(1);
  return without_blanks(field);
}

TemplateSubjects first_of_each(const TemplateSubjects& rows) {
  std::vector<size_t> order(rows.templates.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows.templates[a] < rows.templates[b]; });
  TemplateSubjects out;
  for (const size_t i : order) {
    if (!out.templates.empty() && out.templates.back() == rows.templates[i]) continue;
    out.templates.push_back(rows.templates[i]);
    out.subjects.push_back(rows.subjects[i]);
    out.lines.push_back(rows.lines[i]);
  }
  return out;
}

}  // namespace

TemplatePictures read_template_pictures(const std::filesystem::path& file) {
  const MappedLines lines(file);
  TemplatePictures out;
  resize_all(static_cast<size_t>(lines.lines()), out.names, out.templates, out.media, out.lines);
  const auto rows = for_rows(lines, [&](const LineWalk& walk, size_t at) {
    std::string_view rest = walk.line();
    const std::string_view name = next_field(rest), id = next_field(rest), media = next_field(rest);
    if (media.empty() || !next_field(rest).empty())
      lines.fail(walk.number(), fmt::format("a picture has 3 fields, \"picture template media\", and this line has {}",
                                            fields_text(count_fields(walk.line()))));
    out.templates[at] = whole_field(lines, walk, id, "a template");
    out.media[at] = whole_field(lines, walk, media, "a medium");
    out.names[at] = name;
    out.lines[at] = walk.number();
  });
  close_all(lines, rows, out.names, out.templates, out.media, out.lines);
  return out;
}

DetectedFaces read_detected_faces(const std::filesystem::path& file) {
  const MappedLines lines(file);
  DetectedFaces out;
  resize_all(static_cast<size_t>(lines.lines()), out.names, out.points, out.scores, out.lines);
  const auto rows = for_rows(lines, [&](const LineWalk& walk, size_t at) {
    if (const int64_t fields = count_fields(walk.line()); fields != 12)
      lines.fail(walk.number(), fmt::format("a face has 12 fields, \"picture x0 y0 x1 y1 x2 y2 x3 y3 x4 y4 score\", and this line has {}",
                                            fields_text(fields)));
    std::string_view rest = walk.line();
    out.names[at] = next_field(rest);
    for (size_t k = 0; k <= 10; ++k) {
      const std::string_view field = next_field(rest);
      const auto value = real_of(field);
      if (!value)
        lines.fail(walk.number(),
                   fmt::format("{} is a finite number, not \"{}\"", k < 10 ? "a coordinate" : "a detector score", shown(field)));
      (k < 10 ? out.points[at][k] : out.scores[at]) = *value;
    }
    out.lines[at] = walk.number();
  });
  close_all(lines, rows, out.names, out.points, out.scores, out.lines);
  return out;
}

void check_same_pictures(const TemplatePictures& pictures, const DetectedFaces& faces, const std::filesystem::path& pictures_file,
                         const std::filesystem::path& faces_file) {
  const size_t both = std::min(pictures.names.size(), faces.names.size());
  for (size_t i = 0; i < both; ++i)
    if (pictures.names[i] != faces.names[i])
      throw Error(
          fmt::format("this line is of picture \"{}\", and line {} of \"{}\" of \"{}\"; both lists have the same pictures in one order",
                      shown(faces.names[i]), pictures.lines[i], pictures_file.string(), shown(pictures.names[i])))
          .at(fmt::format("{}:{}", faces_file.string(), faces.lines[i]));
  if (pictures.names.size() != faces.names.size())
    throw Error(fmt::format("{} pictures are listed here, and {} in \"{}\"; both lists have the same pictures in one order",
                            faces.names.size(), pictures.names.size(), pictures_file.string()))
        .at(faces_file.string());
}

TemplateSubjects read_template_subjects(const std::filesystem::path& file) {
  const MappedLines lines(file);
  TemplateSubjects rows;
  resize_all(static_cast<size_t>(lines.lines()), rows.templates, rows.subjects, rows.lines);
  const auto counts = for_rows(lines, [&](const LineWalk& walk, size_t at) {
    std::string_view rest = walk.line();
    const std::string_view id = csv_field(rest), subject = csv_field(rest);
    rows.lines[at] = walk.number();
    const bool heading = at == 0 && !whole_of(id);
    if (heading) return;
    if (at == 0) lines.fail(walk.number(), "the heading is missing: the first line is \"TEMPLATE_ID,SUBJECT_ID,...\"");
    if (subject.empty()) lines.fail(walk.number(), "a line has at least 2 fields with a comma between them, \"template,subject\"");
    rows.templates[at] = whole_field(lines, walk, id, "a template");
    rows.subjects[at] = whole_field(lines, walk, subject, "a subject");
  });
  close_all(lines, counts, rows.templates, rows.subjects, rows.lines);
  if (rows.lines.size() == 1) lines.fail(rows.lines[0], "the list has a heading, and no template");
  rows.templates.erase(rows.templates.begin());
  rows.subjects.erase(rows.subjects.begin());
  rows.lines.erase(rows.lines.begin());
  return first_of_each(rows);
}

}  // namespace lafs::formats
