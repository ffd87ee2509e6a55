#pragma once
/// What the name of a golden case of margin heads, its note and its source say about the head that made it.
#include <cmath>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lafs::test {

struct HeadCase {
  std::string plugin, options;
  double floor = 0, smoothing = 0;
  bool ends = false;    ///< an arc cosine or square root: logits are uncertain where a cosine is near -1 or 1
  bool soft = false;    ///< mixed labels
  bool minus1 = false;  ///< some labels are -1
};

/// The number behind a word: behind "m" in "k 80, m 0.5".
inline double number_named(const std::string& text, const std::string& word) {
  std::smatch found;
  if (!std::regex_search(text, found, std::regex("(^|[ ,(])" + word + "[ (]([0-9]+(\\.[0-9]+)?)")))
    throw std::runtime_error("no \"" + word + "\" in: " + text);
  return std::stod(found[2]);
}

/// The n-th number that a name spells without its point: 0.9 in "combined_true_09_03_015".
inline double number_spelt(const std::string& name, size_t n) {
  static const std::regex digits("_([0-9]+)(?=_|$)");
  auto at = std::sregex_iterator(name.begin(), name.end(), digits);
  for (size_t i = 0; i < n && at != std::sregex_iterator(); ++i) ++at;
  if (at == std::sregex_iterator()) throw std::runtime_error("no such number in " + name);
  const std::string text = (*at)[1];
  return std::stod(text) / std::pow(10.0, static_cast<double>(text.size() - 1));
}

namespace detail {

inline void read_combined(HeadCase& c, const std::string& name, const std::string& source) {
  c.plugin = "combined";
  c.ends = true;
  double m1 = 0, m2 = 0, m3 = 0;
  if (name.starts_with("combined_true_")) {
    m1 = number_spelt(name, 0), m2 = number_spelt(name, 1), m3 = number_spelt(name, 2);
    c.options += "formula = \"sum\"\n";
  } else {
    double scale = 0;
    const size_t margins = source.find('(');
    if (margins == std::string::npos || std::sscanf(source.c_str() + margins, "(%lf,%lf,%lf,%lf)", &scale, &m1, &m2, &m3) != 4) {
      throw std::runtime_error("no margins in: " + source);
    }
    if (source.find("filter") != std::string::npos) c.options += fmt::format("filter = {}\n", number_named(source, "filter"));
  }
  c.options += fmt::format("m1 = {}\nm2 = {}\nm3 = {}\n", m1, m2, m3);
}

inline void read_magface(HeadCase& c, const std::string& name, const std::string& note) {
  c.plugin = "magface";
  c.ends = true;
  std::smatch found;
  if (!std::regex_search(note, found,
                         std::regex("margin ([0-9.]+)\\.\\.([0-9.]+) over norm ([0-9]+)\\.\\.([0-9]+); loss = ce \\+ ([0-9]+)"))) {
    throw std::runtime_error("no margins in: " + note);
  }
  constexpr const char* options =
      "lower_margin = {}\nupper_margin = {}\nlower_norm = {}\nupper_norm = {}\nlambda_g = {}\neasy_margin = {}\nsafe = false\n";
  c.options += fmt::format(options, found[1].str(), found[2].str(), found[3].str(), found[4].str(), found[5].str(), name == "magface_easy");
}

inline void read_elastic(HeadCase& c, const std::string& name, const std::string& note) {
  c.plugin = "elasticface";
  c.ends = true;
  const bool arc = name.starts_with("elastic_arc"), plus = note.find("plus True") != std::string::npos;
  c.options += fmt::format("rule = \"{}\"\nmargin = {}\nsigma = {}\nplus = {}\nsafe = false\n", arc ? "arc" : "cos",
                           number_named(note, "m"), number_named(note, "sigma"), plus);
}

inline void read_simple(HeadCase& c, const std::string& name, const std::string& note) {
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  c.plugin = name.substr(0, name.find('_'));
  c.ends = c.plugin != "cosface";
  if (c.plugin == "cosface") c.options += has("insightface") ? "clamp = true\n" : "clamp = false\n";
  if (c.plugin == "cosface" && note.find(", m ") != std::string::npos) c.options += fmt::format("margin = {}\n", number_named(note, "m"));
  if (name == "arcface_trig") c.options += "formulation = \"trig\"\nsafe = false\n";
  if (name == "arcface_acos_eps") c.options += fmt::format("formulation = \"acos\"\neps = {}\n", note.substr(note.find("eps ") + 4));
  if (note.find("smoothing ") != std::string::npos) c.smoothing = number_named(note, "smoothing");
}

}  // namespace detail

/// Throws for a name that it does not know: a case that is not compared must not pass. `cases` are all of the file; the name is without
/// ".edge".
inline HeadCase read_head_case(const std::string& full_name, const nlohmann::json& cases) {
  const std::string note = cases.at(full_name).at("note"), source = cases.at(full_name).at("source");
  HeadCase c;
  std::string name = full_name;
  const auto cut = [&](std::string_view end) {
    const bool there = name.ends_with(end);
    if (there) name.resize(name.size() - end.size());
    return there;
  };
  cut(".edge");
  c.minus1 = cut("_minus1");
  c.soft = cut("_soft") || name.ends_with("_smoothed");
  cut("_smoothed");
  const bool distributed = name.find("insightface") != std::string::npos || name.starts_with("combined_");
  if (distributed && !name.starts_with("combined_true_")) c.floor = 1e-30;
  if (name.starts_with("combined_")) {
    detail::read_combined(c, name, source);
  } else if (name == "magface_easy" || name == "magface_hard") {
    detail::read_magface(c, name, cases.at("magface_easy").at("note"));
  } else if (name.starts_with("elastic_arc") || name.starts_with("elastic_cos")) {
    detail::read_elastic(c, name, note);
  } else if (name == "cosface_lafs" || name == "cosface_insightface" || name == "arcface_insightface" || name == "arcface_trig" ||
             name == "arcface_acos_eps") {
    detail::read_simple(c, name, note);
  } else if (name == "curricularface") {
    c.plugin = name, c.ends = true, c.options = "safe = false\n";
  } else if (name == "adaface") {
    c.plugin = name, c.ends = true;
    c.options =
        fmt::format("margin = {}\nh = {}\nt_alpha = {}\n", number_named(note, "m"), number_named(note, "h"), number_named(note, "t_alpha"));
  } else if (name == "sphereface") {
    c.plugin = name;
    c.options = fmt::format("margin = {}\nannealing = \"{}\"\n", number_named(note, "m"),
                            note.find("1500/") != std::string::npos ? "clcarwin" : "face_evolve");
  } else if (name == "sface") {
    c.plugin = name;
    c.options = fmt::format("k = {}\na = {}\nb = {}\n", number_named(note, "k"), number_named(note, "a"), number_named(note, "b"));
  } else if (name == "softmax") {
    c.plugin = name;
  } else if (name == "subcenter_arcface") {
    c.plugin = name;
  } else {
    throw std::runtime_error("no head is known for the golden case " + full_name);
  }
  return c;
}

}  // namespace lafs::test
