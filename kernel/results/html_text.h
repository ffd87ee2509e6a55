#pragma once
#include <string>
#include <string_view>

namespace lafs {

/// Text as HTML shows it: & < > " escaped.
std::string html_text(std::string_view text);

}  // namespace lafs
