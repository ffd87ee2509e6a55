#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "formats/safetensors.h"
#include "support/error_of.h"
#include "support/scratch.h"
#include "support/vector_record.h"
#include "support/wide_numbers.h"

using namespace lafs;
using namespace lafs::formats;
using nlohmann::json;

TEST_SUITE("vectors_safetensors") {
  TEST_CASE("the good file has the recorded tensors and metadata") {
    const json good = test::read_vectors("safetensors.json")["good"];
    const auto file = test::recorded_file(good);
    CHECK(test::read_bytes(file) == test::from_hex(good["hex"]));
    const SafetensorsReader reader(file);
    reader.verify();
    CHECK(reader.tensors().size() == good["tensors"].size());
    for (const auto& [name, tensor] : good["tensors"].items()) {
      CAPTURE(name);
      const TensorInfo* info = reader.find(name);
      REQUIRE(info);
      CHECK(info->dtype == tensor["dtype"]);
      CHECK(info->shape == tensor["shape"].get<std::vector<int64_t>>());
      CHECK(test::same_numbers(test::wide_numbers(info->dtype, reader.bytes(*info)), test::json_numbers(tensor["values"])));
    }
    CHECK(reader.metadata() == good["metadata"].get<std::map<std::string, std::string>>());
  }

  TEST_CASE("every malformed input is refused") {
    const test::ScratchFolder folder;
    const auto file = folder / "bad.safetensors";
    const json bad = test::read_vectors("safetensors.json")["bad_hex"];
    CHECK(!bad.empty());
    for (const auto& [what, hex] : bad.items()) {
      CAPTURE(what);
      test::write_bytes(file, test::from_hex(hex));
      const std::string reason = test::error_of([&] { SafetensorsReader(file).verify(); });
      CHECK(reason.starts_with("cannot read \"" + file.string() + "\": "));
    }
  }
}
