#include "runner/report/pictures_section.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "imaging/encode.h"
#include "kernel/results/html_text.h"
#include "runner/report/chart.h"

namespace lafs {

namespace {

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
  return out.empty() ? "" : "<h2>Hardest pictures</h2>\n" + out;
}

}  // namespace lafs
