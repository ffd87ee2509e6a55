#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "runner/report/chart_block.h"

namespace lafs {

/// The name of a folder, also of one given as "." or with a slash at its end.
std::string folder_name(const std::filesystem::path& folder);

/// A name of a file as a part of a link.
std::string link_text(const std::string& name);

/// A page in the style of all reports, without outside parts: style, Chart.js and the data of the charts lie in it. `body` is HTML, `title`
/// is text.
std::string page_text(const std::string& title, const std::string& body, const ChartBlock& charts);

/// A page that draws charts with a script of its own, of data that it fetches from where the page comes from.
std::string live_page_text(const std::string& title, const std::string& body, std::string_view script);

/// A page as report.html of a folder, written whole or not at all. Throws Error when it cannot be written.
void write_page(const std::filesystem::path& folder, const std::string& page);

}  // namespace lafs
