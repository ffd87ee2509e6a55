#include "kernel/results/study_comparison.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

struct AxisLabel {
  size_t axis = 0;
  std::string label;
};

std::string text_of(const Study& study, const AxisLabel& one) { return fmt::format("{}={}", study.label_names[one.axis], one.label); }

/// What "LABEL" or "AXIS=LABEL" can mean.
std::vector<AxisLabel> labels_called(const Study& study, const std::string& text) {
  std::vector<AxisLabel> found;
  for (size_t axis = 0; axis < study.label_names.size(); ++axis) {
    for (const StudyLine& line : study.lines) {
      const AxisLabel label{axis, line.labels[axis]};
      if (text != label.label && text != text_of(study, label)) continue;
      found.push_back(label);
      break;
    }
  }
  return found;
}

/// Each line with the one that has `label` in place of its own.
StudyComparison with_label(const Study& study, const AxisLabel& label) {
  StudyComparison comparison{text_of(study, label), true, {}, {}};
  for (const StudyLine& line : study.lines) {
    std::vector<std::string> wanted = line.labels;
    wanted[label.axis] = label.label;
    auto& counterpart = comparison.counterparts.emplace_back();
    if (wanted == line.labels) continue;
    const auto other = std::find_if(study.lines.begin(), study.lines.end(), [&](const StudyLine& one) { return one.labels == wanted; });
    if (other != study.lines.end()) {
      counterpart = static_cast<size_t>(other - study.lines.begin());
    } else {
      comparison.alone.push_back(comparison.counterparts.size() - 1);
    }
  }
  const auto& all = comparison.counterparts;
  if (std::none_of(all.begin(), all.end(), [](const auto& one) { return one.has_value(); }))
    throw Error(fmt::format("nothing can be compared: no line has the same other labels as one with {}", comparison.name));
  return comparison;
}

StudyComparison with_line(const Study& study, size_t line) {
  StudyComparison comparison{study.lines[line].name(), false, {}, {}};
  comparison.counterparts.resize(study.lines.size(), line);
  comparison.counterparts[line].reset();
  return comparison;
}

/// With the line whose name `text` is a part of.
StudyComparison with_line_called(const Study& study, const std::string& text) {
  std::vector<std::string> names;  // and labels
  std::vector<size_t> fitting;
  for (size_t i = 0; i < study.lines.size(); ++i) {
    names.push_back(study.lines[i].name());
    if (names.back().find(text) != std::string::npos) fitting.push_back(i);
  }
  if (fitting.size() == 1) return with_line(study, fitting.front());
  if (fitting.size() > 1) {
    throw Error(fmt::format("\"{}\" is a part of the names of {} lines: \"{}\" and \"{}\" among them; give more of it", text,
                            fitting.size(), names[fitting[0]], names[fitting[1]]));
  }
  if (study.label_names.size() == 1) throw Error(fmt::format("no line \"{}\"{}", text, suggestion(text, names)));
  for (const StudyLine& line : study.lines) {
    for (const std::string& label : line.labels)
      if (std::find(names.begin(), names.end(), label) == names.end()) names.push_back(label);
  }
  throw Error(fmt::format("no line and no label \"{}\"{}", text, suggestion(text, names)));
}

}  // namespace

std::optional<StudyComparison> comparison_of(const Study& study, const std::string& against) {
  if (against.empty()) return study.lines.size() > 1 ? std::optional(with_line(study, 0)) : std::nullopt;
  for (size_t i = 0; i < study.lines.size(); ++i)
    if (study.lines[i].name() == against) return with_line(study, i);
  const std::vector<AxisLabel> labels = labels_called(study, against);
  if (labels.empty()) return with_line_called(study, against);
  if (labels.size() > 1) {
    throw Error(fmt::format("\"{}\" is a label of several axes: write \"{}\" or \"{}\"", against, text_of(study, labels[0]),
                            text_of(study, labels[1])));
  }
  return with_label(study, labels.front());
}

}  // namespace lafs
