#include <algorithm>
#include <cctype>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include "kernel/recipe/document.h"

namespace lafs {

namespace {

std::string real_text(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_of(".enif") == std::string::npos ? text + ".0" : text;
}

std::string quoted(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

std::string key_text(const std::string& key) {
  const bool bare =
      !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
  return bare ? key : quoted(key);
}

std::string joined(const std::vector<std::string>& items, const char* open, const char* close) {
  return fmt::format("{}{}{}", open, fmt::join(items, ", "), close);
}

bool is_section(const Node& node) { return node.fields() && !node.brief; }

bool is_section_list(const Node& node) {
  return node.list() && !node.list()->empty() && std::all_of(node.list()->begin(), node.list()->end(), is_section);
}

void write_sections(const Node& table, const std::string& prefix, std::string& out) {
  for (const auto& [name, value] : *table.fields()) {
    if (!is_section(value) && !is_section_list(value)) out += fmt::format("{} = {}\n", key_text(name), inline_text(value));
  }
  for (const auto& [name, value] : *table.fields()) {
    const std::string path = prefix.empty() ? key_text(name) : prefix + "." + key_text(name);
    const char* gap = out.empty() ? "" : "\n";
    if (is_section(value)) {
      out += fmt::format("{}[{}]\n", gap, path);
      write_sections(value, path, out);
    } else if (is_section_list(value)) {
      for (const Node& item : *value.list()) {
        out += fmt::format("{}[[{}]]\n", out.empty() ? "" : "\n", path);
        write_sections(item, path, out);
      }
    }
  }
}

void collect_lines(const Node& node, const std::string& path, std::vector<std::string>& lines) {
  if (node.affects_nothing) return;
  if (node.revision != 0) lines.push_back(fmt::format("{} revision {}", path, node.revision));
  if (node.fields()) {
    for (const auto& [name, value] : *node.fields())
      collect_lines(value, path.empty() ? key_text(name) : path + "." + key_text(name), lines);
  } else if (is_section_list(node)) {
    for (size_t i = 0; i < node.list()->size(); ++i) collect_lines((*node.list())[i], fmt::format("{}.{}", path, i), lines);
  } else {
    lines.push_back(fmt::format("{} = {}", path, inline_text(node)));
  }
}

}  // namespace

std::string inline_text(const Node& node) {
  struct Printer {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(int64_t value) const { return fmt::format("{}", value); }
    std::string operator()(double value) const { return real_text(value); }
    std::string operator()(const std::string& value) const { return quoted(value); }
    std::string operator()(const Node::Time&) const { return "a time"; }
    std::string operator()(const Node::List& items) const {
      std::vector<std::string> texts;
      for (const Node& item : items) texts.push_back(inline_text(item));
      return joined(texts, "[", "]");
    }
    std::string operator()(const Node::Fields& fields) const {
      if (fields.empty()) return "{}";
      std::vector<std::string> texts;
      for (const auto& [name, value] : fields) texts.push_back(fmt::format("{} = {}", key_text(name), inline_text(value)));
      return joined(texts, "{ ", " }");
    }
  };
  return std::visit(Printer(), node.value);
}

std::string document_text(const Node& table, const std::string& prefix) {
  std::string out;
  write_sections(table, prefix, out);
  return out;
}

std::string identity_text(const Node& table) {
  std::vector<std::string> lines;
  collect_lines(table, "", lines);
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

std::string identity_of(const std::string& text) {
  const XXH128_hash_t value = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", value.high64, value.low64);
}

}  // namespace lafs
