#include "formats/near_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "formats/text_file.h"
#include "formats/unicode_forms.h"
#include "lafs/edit_distance.h"

namespace lafs::formats {
namespace {

bool is_wide_blank(char32_t c) {
  return c == ' ' || c == '\t' || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// What a reader does not see: soft hyphens, marks of direction, zero width, byte order marks in the middle of a file.
bool is_invisible(char32_t c) {
  return c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || c == 0x2060 || c == 0xFEFF;
}

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

std::u32string with_plain_blanks(std::u32string_view text) {
  std::u32string out;
  for (const char32_t c : text) {
    if (is_invisible(c) || (is_wide_blank(c) && (out.empty() || out.back() == ' '))) continue;
    out += is_wide_blank(c) ? U' ' : c;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

/// Without digits, or with each number but for the zeros before it.
std::u32string with_numbers(std::u32string_view text, bool kept) {
  std::u32string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool inside = i > 0 && is_digit(text[i - 1]), more = i + 1 < text.size() && is_digit(text[i + 1]);
    if (!is_digit(text[i]) || (kept && (text[i] != '0' || !more || (inside && is_digit(out.empty() ? 0 : out.back()))))) out += text[i];
  }
  return out;
}

/// Whether `longer` is `shorter` with folders before it.
bool lies_in(std::string_view longer, std::string_view shorter) {
  return longer.size() > shorter.size() && longer.ends_with(shorter) && longer[longer.size() - shorter.size() - 1] == '/';
}

}  // namespace

NearName::Keys::Keys(std::string_view name)
    : form(decomposed(code_points(name))), small(in_small_letters(form)), plain(with_plain_blanks(small)) {}

NearName::NearName(std::string_view wanted) : wanted_(wanted), keys_(wanted) {}

void NearName::look(std::string_view there) {
  if (there.empty()) return;
  const Keys keys(there);
  Cause cause = cause_of(there, keys);
  size_t edits = 0;
  if (cause == Cause::none) cause = spelling(keys, edits);
  // Of equally likely names the longest that a separator ends, and the first by name: not what the order of looking says.
  const auto rank = [](Cause c, size_t e, std::string_view name) {
    return std::tuple(-static_cast<int>(c), e, c == Cause::separator ? -static_cast<std::ptrdiff_t>(name.size()) : 0, name);
  };
  const bool better = cause != Cause::none && (cause_ == Cause::none || rank(cause, edits, there) < rank(cause_, edits_, best_));
  if (!better) return;
  cause_ = cause;
  best_ = there;
  edits_ = edits;
}

NearName::Cause NearName::cause_of(std::string_view there, const Keys& keys) const {
  if (keys.form == keys_.form) return Cause::form;
  if (keys.small == keys_.small) return Cause::letter_case;
  if (keys.plain == keys_.plain) return Cause::blanks;
  return path_cause(there);
}

NearName::Cause NearName::path_cause(std::string_view there) const {
  std::string slashed = wanted_;
  std::replace(slashed.begin(), slashed.end(), '\\', '/');
  if (slashed != wanted_ && (slashed == there || lies_in(slashed, there))) return Cause::backslash;
  if (lies_in(wanted_, there)) return Cause::more_folders;
  if (lies_in(there, wanted_)) return Cause::fewer_folders;
  if (wanted_.size() > there.size() && wanted_.starts_with(there) &&
      std::string_view(",;|").find(wanted_[there.size()]) != std::string_view::npos)
    return Cause::separator;
  if (there.size() > wanted_.size() && there.starts_with(wanted_) && there[wanted_.size()] == '.') return Cause::ending;
  return Cause::none;
}

NearName::Cause NearName::spelling(const Keys& keys, size_t& edits) const {
  // Pictures and people by number differ in digits alone: the neighbour of a number is not a likeness.
  if (with_numbers(keys.plain, false) == with_numbers(keys_.plain, false))
    return with_numbers(keys.plain, true) == with_numbers(keys_.plain, true) ? Cause::zeros : Cause::none;
  const size_t most = std::clamp<size_t>(keys_.plain.size() / 4, 1, 3);
  edits = edit_distance(keys_.plain, keys.plain, most);
  return edits <= most && edits < keys_.plain.size() ? Cause::edits : Cause::none;
}

std::string NearName::hint() const {
  const std::string there = shown(best_);
  const std::u32string points = code_points(wanted_);
  if (cause_ <= Cause::edits && !is_utf8(wanted_)) return "; it is not UTF-8 text: save the list as UTF-8";
  if (cause_ == Cause::none && wanted_.find('"') != std::string::npos) return "; names are written without quotes";
  if (cause_ == Cause::none && wanted_.starts_with('#')) return "; a list has no comments: remove the line";
  switch (cause_) {
    case Cause::none:
      return "";
    case Cause::edits:
      return fmt::format("; did you mean \"{}\"?", there);
    case Cause::zeros:
      return fmt::format("; did you mean \"{}\"? the zeros before a number count", there);
    case Cause::letter_case:
      return fmt::format("; did you mean \"{}\"? capital and small letters differ", there);
    case Cause::blanks:
      return fmt::format("; did you mean \"{}\"? blanks or invisible characters differ", there);
    case Cause::form:
      return fmt::format("; \"{}\" is there, in another Unicode form: write accents in the list as the data has them, {}", there,
                         points == decomposed(points) ? "in one character with their letter (NFC)" : "as characters of their own (NFD)");
    case Cause::backslash:
      return fmt::format("; \"{}\" is there: write folders with \"/\"", there);
    case Cause::separator:
      return fmt::format("; \"{}\" is there: separate what follows it with a tab, not with \"{}\"", there, wanted_[best_.size()]);
    case Cause::more_folders:
      return fmt::format("; \"{}\" is there: write it without the folders before it", there);
    case Cause::fewer_folders:
      return fmt::format("; \"{}\" is there: write it with its folders", there);
    case Cause::ending:
      return fmt::format("; \"{}\" is there: write its ending too", there);
  }
  return "";
}

}  // namespace lafs::formats
