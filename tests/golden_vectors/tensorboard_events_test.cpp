#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "formats/event_messages.h"
#include "support/vector_record.h"

using namespace lafs;
using namespace lafs::formats;
using nlohmann::json;

namespace {

/// The fields of a protobuf message that scalars, pictures and texts are made of.
struct Message {
  double wall_time = 0;
  int64_t step = 0;
  std::string file_version, summary, tag, image, tensor;
  float value = 0;
  bool has_value = false, plain = true;  ///< plain: no field besides these

  /// Of an Event, its Summary's one Value included.
  explicit Message(std::string_view event) {
    for (const auto& [field, payload, number] : fields(event)) {
      if (field == 1)
        std::memcpy(&wall_time, payload.data(), sizeof wall_time);
      else if (field == 2)
        step = static_cast<int64_t>(number);
      else if (field == 3)
        file_version = payload;
      else if (field == 5 && summary.empty())
        summary = payload;
      else
        plain = false;
    }
    if (summary.empty()) return;
    const auto values = fields(summary);
    if (values.size() != 1 || values[0].field != 1) plain = false;
    if (!plain) return;
    for (const auto& [field, payload, number] : fields(values[0].payload)) {
      if (field == 1)
        tag = payload;
      else if (field == 2)
        std::memcpy(&value, payload.data(), sizeof value), has_value = true;
      else if (field == 4)
        image = payload;
      else if (field == 8)
        tensor = payload;
      else if (field != 9)  // what shows it
        plain = false;
    }
  }

  EventPlace place() const { return {wall_time, step, tag}; }
  /// A field of the picture that is a number.
  int64_t of_image(uint64_t wanted) const {
    for (const auto& [field, payload, number] : fields(image)) {
      if (field == wanted) return static_cast<int64_t>(number);
    }
    return 0;
  }
  /// The one text of a tensor.
  std::string text() const {
    for (const auto& [field, payload, number] : fields(tensor)) {
      if (field == 8) return payload;
    }
    return "";
  }

 private:
  struct Field {
    uint64_t field;
    std::string payload;
    uint64_t number;
  };
  static std::vector<Field> fields(std::string_view bytes) {
    std::vector<Field> all;
    size_t at = 0;
    const auto varint = [&] {
      uint64_t value = 0;
      for (int shift = 0;; shift += 7) {
        const auto byte = static_cast<uint8_t>(bytes.at(at++));
        value |= uint64_t{byte & 127u} << shift;
        if (byte < 128) return value;
      }
    };
    while (at < bytes.size()) {
      const uint64_t key = varint();
      Field field{key >> 3, "", 0};
      if ((key & 7) == 0) {
        field.number = varint();
      } else {
        const size_t length = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : varint();
        field.payload = bytes.substr(at, length);
        at += length;
      }
      all.push_back(std::move(field));
    }
    return all;
  }
};

}  // namespace

TEST_SUITE("vectors_tensorboard_events") {
  TEST_CASE("checksums are the recorded ones") {
    for (const json all = test::read_vectors("tensorboard_events.json")["crc32c_checks"]; const json& check : all) {
      const std::string bytes = test::from_hex(check["hex"]);
      if (check.contains("crc")) CHECK(crc32c(bytes) == check["crc"].get<uint32_t>());
      if (check.contains("masked")) CHECK(masked_crc32c(bytes) == check["masked"].get<uint32_t>());
    }
  }

  TEST_CASE("framing, and the messages we write, are the recorded bytes") {
    const json vector = test::read_vectors("tensorboard_events.json");
    std::string stream;
    const std::string png = test::from_hex(vector["png_2x2_hex"]);
    int versions = 0, scalars = 0, pictures = 0, texts = 0;
    for (const json& record : vector["records"]) {
      CAPTURE(record["what"].get<std::string>());
      const std::string payload = test::from_hex(record["payload_hex"]), framed = test::from_hex(record["record_hex"]);
      CHECK(tf_record(payload) == framed);
      stream += framed;
      const Message message(payload);
      if (!message.file_version.empty()) {
        CHECK(version_event(message.wall_time) == payload);
        ++versions;
      }
      if (message.plain && message.has_value) {
        CHECK(scalar_event(message.place(), message.value) == payload);
        ++scalars;
      }
      if (!message.image.empty()) {
        CHECK(image_event(message.place(), {png, message.of_image(1), message.of_image(2)}) == payload);
        ++pictures;
      }
      if (const std::string text = message.text(); !text.empty()) {
        CHECK(text_event(message.place(), text) == payload);
        ++texts;
      }
    }
    CHECK(stream == test::read_bytes(test::recorded_file(vector["stream"])));
    CHECK(pictures == 1);
    CHECK(texts == 1);
    CHECK(versions > 0);
    CHECK(scalars > 0);
  }
}
