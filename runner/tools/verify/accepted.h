#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace lafs {

/// A score from which on two pictures are taken for one person.
struct AcceptanceThreshold {
  std::optional<double> threshold;  ///< nothing: no score is strict enough for the rate
  std::string evaluator;            ///< on whose pairs it was chosen; empty: a number that was given
  double far = 0, tar = 0;  ///< of those pairs: the wanted share of two people, and the share of one person, that are accepted; [0, 1]

  std::string model;  ///< absolute path of the checkpoint or the file that it belongs to; empty: not known

  bool accepts(double score) const { return threshold && score >= *threshold; }
};

/// `given` is a number in [-1, 1], or the file of `lafs threshold MODEL --far RATE... --json`, of which all thresholds are taken. Throws
/// Error for anything else.
std::vector<AcceptanceThreshold> acceptance_thresholds(const std::string& given);

/// A sentence where thresholds are known to belong to other weights than `model`, a checkpoint folder or a file; empty for those of the
/// run folder around it, as earlier versions wrote them.
std::string other_model_note(const std::vector<AcceptanceThreshold>& thresholds, const std::filesystem::path& model);

/// The score, and a line for each threshold: whether the pictures are accepted, and how many pairs of one person are.
std::string acceptance_text(double score, const std::vector<AcceptanceThreshold>& thresholds);
nlohmann::json acceptance_json(double score, const std::vector<AcceptanceThreshold>& thresholds);

}  // namespace lafs
