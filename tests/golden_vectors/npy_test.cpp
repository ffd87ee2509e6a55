#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "formats/npy.h"
#include "formats/npy_reader.h"
#include "support/scratch.h"
#include "support/vector_record.h"
#include "support/wide_numbers.h"

using namespace lafs;
using nlohmann::json;

TEST_SUITE("vectors_npy") {
  TEST_CASE("every array has the recorded type, shape and numbers, and is written as NumPy does") {
    const test::ScratchFolder folder;
    const json all = test::read_vectors("npy.json")["files"];
    CHECK(!all.empty());
    for (const json& record : all) {
      CAPTURE(record["name"].get<std::string>());
      const auto file = test::recorded_file(record);
      const formats::NpyArray array = formats::read_npy(file);
      const std::string descr = record["descr"];
      const std::map<char, std::string> kinds{{'f', "F"}, {'i', "I"}, {'u', "U"}, {'b', "BOOL"}};
      CHECK(array.dtype == (descr[1] == 'b' ? "BOOL" : kinds.at(descr[1]) + std::to_string(8 * std::stoi(descr.substr(2)))));
      CHECK(array.shape == record["shape"].get<std::vector<int64_t>>());
      const std::vector<double> numbers = test::json_numbers(record["values_row_major"]);
      CHECK(test::same_numbers(array.numbers(), numbers));
      CHECK(static_cast<size_t>(array.elements()) == numbers.size());
      formats::write_npy(folder / "again.npy", array.dtype, array.shape, array.bytes);
      // Ours are rows, little-endian: other files come out with the same numbers, not with the same bytes.
      if (descr[0] != '>' && !record["fortran_order"].get<bool>())
        CHECK(test::read_bytes(folder / "again.npy") == test::read_bytes(file));
      else
        CHECK(test::same_numbers(formats::read_npy(folder / "again.npy").numbers(), numbers));
    }
  }
}
