#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "kernel/results/study_table.h"

namespace lafs {

/// A table of a study as texts: labels on the left, numbers to their right.
struct StudyCells {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> lines;
  std::vector<std::vector<bool>> best;  ///< [line][cell]
  size_t labels = 0;                    ///< columns of labels
};

StudyCells study_cells(const StudyTable& table);

/// The line of comparing raw pixels, which stands below the lines of the study.
inline constexpr const char* pixels_name = "raw pixels";
/// Its value in each column; empty where no column has one, or lines have no labels.
std::vector<std::optional<double>> pixels_row(const StudyTable& table);

/// What its numbers are, and what is missing or differs: a sentence each, for below the table.
std::vector<std::string> study_notes(const StudyTable& table);
/// What runs of its lines said while they trained: a sentence each, with the name of the line in front.
std::vector<std::string> study_warnings(const StudyTable& table);

}  // namespace lafs
