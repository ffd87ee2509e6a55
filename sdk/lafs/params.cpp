#include "lafs/params.h"

#include <fmt/format.h>

namespace lafs {

namespace {

std::string toml_text(bool value) { return value ? "true" : "false"; }
std::string toml_text(int64_t value) { return fmt::format("{}", value); }
std::string toml_text(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_of(".einf") == std::string::npos ? text + ".0" : text;
}
std::string toml_text(const std::string& value) { return "\"" + value + "\""; }

}  // namespace

template <typename T>
void Params::put_quirk(std::string_view id, std::string_view key, T& member, const T& published, const T& corrected, const Rule& rule,
                       std::string_view doc) {
  const Quirk quirk{std::string(id), toml_text(published), toml_text(corrected)};
  if (!keeps_values()) member = this->corrected() ? corrected : published;
  put(key, member, rule, doc, &quirk, false);
}

void Params::quirk(std::string_view id, std::string_view key, bool& member, bool published, bool corrected, std::string_view doc) {
  put_quirk(id, key, member, published, corrected, {}, doc);
}
void Params::quirk(std::string_view id, std::string_view key, int64_t& member, int64_t published, int64_t corrected, std::string_view doc) {
  put_quirk(id, key, member, published, corrected, {}, doc);
}
void Params::quirk(std::string_view id, std::string_view key, double& member, double published, double corrected, std::string_view doc) {
  put_quirk(id, key, member, published, corrected, {}, doc);
}
void Params::quirk(std::string_view id, std::string_view key, std::string& member, const std::string& published,
                   const std::string& corrected, const Rule& rule, std::string_view doc) {
  put_quirk(id, key, member, published, corrected, rule, doc);
}

}  // namespace lafs
