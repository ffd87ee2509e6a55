#pragma once
/// Small face record sets, record by record.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "formats/face_records.h"
#include "lafs/error.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs::test {

using Bytes = std::vector<uint8_t>;

inline Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

struct Entry {
  uint64_t key;
  std::vector<float> labels;
  bool list;
  std::string body;
  uint64_t id2 = 0;
};
inline Entry picture(uint64_t key, float label, const std::string& body = "jpeg") { return {key, {label}, false, body}; }
inline Entry range(uint64_t key, float first, float end) { return {key, {first, end}, true, ""}; }

/// A set of these records in a folder of its own.
class Set {
 public:
  explicit Set(const std::vector<Entry>& entries, const std::string& property = "3,112,112\n") {
    formats::RecordWriter writer(file());
    for (const Entry& e : entries) writer.write(e.key, formats::face_record(e.labels, e.list, e.key, e.id2, bytes(e.body)));
    writer.finish();
    if (!property.empty()) write_bytes(folder_ / "property", property);
  }
  std::filesystem::path file() const { return folder_ / "train.rec"; }
  formats::FaceRecords open(bool own = false) const { return formats::FaceRecords(file(), {own, 2}); }
  std::string name() const { return "\"" + file().string() + "\""; }
  /// The error of opening without the file in front.
  std::string refusal() const {
    try {
      open();
    } catch (const Error& error) {
      const std::string what = error.what();
      return what.starts_with(name() + ": ") ? what.substr(name().size() + 2) : what;
    }
    return "no error";
  }
  std::string warnings() const {
    std::string all;
    const formats::FaceRecords set = open();
    for (std::string text : set.warnings()) {
      const size_t at = text.find(folder_.path().string());
      if (at != std::string::npos) text.erase(at, folder_.path().string().size() + 1);
      all += text + "\n";
    }
    return all;
  }
  ScratchFolder folder_;
};

inline std::string listing(const formats::FaceRecords& set) {
  std::string all;
  for (int64_t i = 0; i < set.size(); ++i) {
    const Bytes body = set.picture(i);
    all += fmt::format("{}={}:{} ", set.key(i), set.label(i), std::string(body.begin(), body.end()));
    CHECK(set.find(set.key(i)) == i);
  }
  return all;
}

inline std::vector<Entry> two_people() {
  return {picture(1, 0), picture(2, 0), picture(3, 1), range(4, 1, 3), range(5, 3, 4), {0, {4, 6}, true, "", 1}};
}

}  // namespace lafs::test
