#include "runner/report/pictures_section.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "formats/file_text.h"
#include "imaging/encode.h"
#include "kernel/results/html_text.h"
#include "runner/report/page.h"
#include "runner/report/run_files.h"

namespace lafs {

namespace fs = std::filesystem;

namespace {

/// What lies between these is found again when the page is rewritten.
constexpr std::string_view pictures_begin = "<!-- pictures of lists -->\n", pictures_end = "<!-- end of pictures -->\n";

/// A page with more is slow to open and to send.
constexpr uintmax_t most_sheet_bytes = 1200000;

std::string picture_html(const Image& picture) {
  constexpr int quality = 90;
  return fmt::format("<img alt=\"\" width=\"{}\" height=\"{}\" src=\"data:image/jpeg;base64,{}\">", picture.width, picture.height,
                     base64_text(imaging::encode_jpeg(picture, quality)));
}

std::string item_html(const ListedItem& listed) {
  std::string pictures;
  for (const Image& picture : listed.pictures) pictures += picture_html(picture);
  return fmt::format("<figure>{}<figcaption><b>{:.4f}</b> {}</figcaption></figure>\n", pictures, listed.item.score,
                     html_text(listed.item.what));
}

}  // namespace

std::string base64_text(std::span<const uint8_t> bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t here = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t b = 0; b < 3; ++b) group = group << 8 | (b < here ? bytes[i + b] : 0U);
    for (size_t letter = 0; letter < 4; ++letter) text += letter <= here ? letters[group >> (18 - 6 * letter) & 63] : '=';
  }
  return text;
}

std::string pictures_section(const std::vector<ListedPictures>& lists) {
  std::string out;
  for (const ListedPictures& list : lists) {
    out += fmt::format("<h3>{}: {}</h3>\n<div class=\"pictures\">\n", html_text(list.evaluator), html_text(list.list));
    for (const ListedItem& item : list.items) out += item_html(item);
    out += "</div>\n";
  }
  return out.empty() ? "" : fmt::format("{}<h2>Hardest pictures</h2>\n{}{}", pictures_begin, out, pictures_end);
}

std::string former_pictures(const fs::path& folder) {
  const std::string page = formats::file_text(folder / "report.html").value_or("");
  const size_t begin = page.find(pictures_begin), end = page.find(pictures_end, begin);
  return begin == std::string::npos || end == std::string::npos ? "" : page.substr(begin, end + pictures_end.size() - begin);
}

std::string sheets_section(const fs::path& folder) {
  std::vector<fs::path> sheets;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".png" && entry.is_regular_file()) sheets.push_back(entry.path());
  }
  std::sort(sheets.begin(), sheets.end());
  std::string out;
  uintmax_t bytes = 0;
  for (const fs::path& sheet : sheets) {
    const std::string name = sheet.filename().string(), content = formats::file_text(sheet).value_or("");
    const bool fits = !content.empty() && bytes + content.size() <= most_sheet_bytes;
    if (fits) bytes += content.size();
    const std::span<const uint8_t> data{reinterpret_cast<const uint8_t*>(content.data()), content.size()};
    out += fits ? fmt::format(
                      "<figure class=\"sheet\"><figcaption>{0}</figcaption><img alt=\"{0}\" src=\"data:image/png;base64,{1}\"></figure>\n",
                      html_text(name), base64_text(data))
                : fmt::format("<p><a href=\"{}\">{}</a> is too large for this page</p>\n", link_text(name), html_text(name));
  }
  return out.empty() ? "" : "<h2>Sheets</h2>\n" + out;
}

}  // namespace lafs
