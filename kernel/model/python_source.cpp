#include "kernel/model/python_source.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "exported_model.h"  // generated from python/model.py
#include "lafs/error.h"

namespace lafs {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view quotes = "\"\"\"";

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) throw Error(fmt::format("cannot read \"{}\"", file.string()));
  return text.str();
}

/// The docstring at the start of a text as comments; the text keeps what follows it.
std::string taken_docstring(std::string& text) {
  if (!text.starts_with(quotes)) return "";
  const size_t end = text.find(quotes, quotes.size());
  if (end == std::string::npos) return "";
  std::istringstream lines(text.substr(quotes.size(), end - quotes.size()));
  text.erase(0, end + quotes.size());
  std::string out;
  for (std::string line; std::getline(lines, line);) out += line.empty() ? "#\n" : fmt::format("# {}\n", line);
  return out;
}

/// The module's files, joined one after the other.
class Joined {
 public:
  Joined(fs::path class_file, std::string& imports) : class_file_(std::move(class_file)), imports_(imports) {}

  /// The text without its imports; each part that it imports stands where it was imported.
  std::string body_of(const std::string& text) {
    std::istringstream lines(text);
    std::string out;
    for (std::string line; std::getline(lines, line);) {
      const fs::path part = part_of(line);
      if (!part.empty() && line.ends_with("(")) {
        throw Error(fmt::format("\"{}\": an import of \"{}\" goes over several lines; write it in one", class_file_.string(),
                                part.filename().string()));
      }
      if (!part.empty()) {
        if (seen_.insert(part).second) out += "\n\n" + part_body(part) + "\n\n";
      } else if ((line.starts_with("import ") || line.starts_with("from ")) && !line.ends_with("(")) {
        if (lines_.insert(line).second) imports_ += line + "\n";
      } else {
        out += line + "\n";
      }
    }
    return out;
  }

 private:
  std::string part_body(const fs::path& file) {
    std::string text = text_of(file);
    const std::string docstring = taken_docstring(text), comment = file == class_file_ ? docstring : "";
    const std::string body = body_of(text);
    const size_t first = body.find_first_not_of('\n');
    return comment + (comment.empty() ? "" : "\n\n") + body.substr(first == std::string::npos ? body.size() : first);
  }

  /// The file that a line imports from, empty where that is none of the module's.
  fs::path part_of(const std::string& line) const {
    if (!line.starts_with("from ")) return {};
    const std::string name = line.substr(5, line.find(' ', 5) - 5);
    if (name == "backbone") return class_file_;
    const fs::path file = class_file_.parent_path() / (name + ".py");
    return name.find('.') == std::string::npos && fs::is_regular_file(file) ? file : fs::path();
  }

  fs::path class_file_;
  std::string& imports_;
  std::set<std::string> lines_;
  std::set<fs::path> seen_;
};

/// At most two empty lines in a row, and none at an end.
std::string tidy(const std::string& text) {
  std::string out;
  size_t breaks = 3;
  for (const char c : text) {
    breaks = c == '\n' ? breaks + 1 : 0;
    if (breaks <= 3) out += c;
  }
  const size_t last = out.find_last_not_of('\n'), first = out.find_first_not_of('\n');
  return last == std::string::npos ? "" : out.substr(first, last - first + 1) + "\n";
}

/// `import a`, then `from a import b`, each in the order of the alphabet; what changes the language itself comes first.
std::string sorted_imports(const std::string& imports) {
  const auto rank = [](const std::string& line) { return line.starts_with("from __future__") ? 0 : line.starts_with("import ") ? 1 : 2; };
  std::vector<std::string> lines;
  std::istringstream in(imports);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end(), [&](const auto& a, const auto& b) { return std::pair(rank(a), a) < std::pair(rank(b), b); });
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

}  // namespace

std::string python_source(const fs::path& class_file, const std::vector<std::pair<std::string, std::string>>& marks) {
  std::string text(exported_model);
  for (const auto& [mark, by] : marks) {
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) text.replace(at, mark.size(), by);
  }
  const size_t end = text.find(quotes, quotes.size()) + quotes.size();  // of the module's own docstring
  std::string imports;
  const std::string body = Joined(class_file, imports).body_of(text.substr(end));
  return text.substr(0, end) + "\n\n" + sorted_imports(imports) + "\n" + tidy(body);
}

}  // namespace lafs
