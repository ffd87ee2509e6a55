#include "kernel/results/study_comparison.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "lafs/error.h"
#include "lafs/suggestion.h"

namespace lafs {

namespace {

/// An axis, and one of its labels that several lines have.
struct CommonLabel {
  size_t axis = 0;
  std::string label;
};

std::vector<CommonLabel> common_labels(const Study& study, const std::string& text) {
  std::vector<CommonLabel> found;
  for (size_t axis = 0; axis < study.label_names.size(); ++axis) {
    const std::string prefix = study.label_names[axis] + "=";
    const std::string label = text.starts_with(prefix) ? text.substr(prefix.size()) : text;
    const auto count = std::count_if(study.lines.begin(), study.lines.end(), [&](const auto& line) { return line.labels[axis] == label; });
    if (count > 1) found.push_back({axis, label});
  }
  return found;
}

StudyComparison with_label(const Study& study, const CommonLabel& common) {
  StudyComparison comparison{common.label, true, {}};
  for (const StudyLine& line : study.lines) {
    std::vector<std::string> wanted = line.labels;
    wanted[common.axis] = common.label;
    auto& with = comparison.with.emplace_back();
    if (wanted == line.labels) continue;
    const auto other = std::find_if(study.lines.begin(), study.lines.end(), [&](const StudyLine& one) { return one.labels == wanted; });
    if (other != study.lines.end()) with = static_cast<size_t>(other - study.lines.begin());
  }
  return comparison;
}

StudyComparison with_line(const Study& study, size_t line) {
  StudyComparison comparison{study.lines[line].name(), false, {}};
  comparison.with.resize(study.lines.size(), line);
  comparison.with[line].reset();
  return comparison;
}

}  // namespace

std::optional<StudyComparison> comparison_of(const Study& study, const std::string& against) {
  if (against.empty()) return study.lines.size() > 1 ? std::optional(with_line(study, 0)) : std::nullopt;
  std::vector<std::string> names;
  std::vector<size_t> fitting;
  for (size_t i = 0; i < study.lines.size(); ++i) {
    names.push_back(study.lines[i].name());
    if (names.back() == against) return with_line(study, i);
    if (names.back().find(against) != std::string::npos) fitting.push_back(i);
  }
  const std::vector<CommonLabel> common = common_labels(study, against);
  if (common.size() == 1) return with_label(study, common.front());
  if (common.size() > 1) {
    const auto& axes = study.label_names;
    throw Error(fmt::format("\"{}\" is a label of several axes; write \"{}={}\" or \"{}={}\"", against, axes[common[0].axis], against,
                            axes[common[1].axis], against));
  }
  if (fitting.size() == 1) return with_line(study, fitting.front());
  if (fitting.empty()) throw Error(fmt::format("no line \"{}\"{}", against, suggestion(against, names)));
  throw Error(fmt::format("\"{}\" is a part of the names of {} lines: \"{}\" and \"{}\" among them; give more of it", against,
                          fitting.size(), names[fitting[0]], names[fitting[1]]));
}

}  // namespace lafs
