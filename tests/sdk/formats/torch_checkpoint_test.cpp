#include "formats/torch_checkpoint.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "formats/torch_writer.h"
#include "lafs/error.h"
#include "lafs/rng.h"
#include "support/bytes.h"
#include "support/error_of.h"
#include "support/one_tensor.h"
#include "support/scratch.h"

namespace lafs::formats {
namespace {

using nlohmann::json;

const std::string advice = "; to make it readable, save it again in Python: torch.save(dict(model.state_dict()), \"weights.pth\")";

std::filesystem::path golden(const std::string& file) { return std::filesystem::path(LAFS_TEST_GOLDEN) / file; }
std::filesystem::path sample(const std::string& file) { return golden("vectors/" + file); }

const TorchTensor* find(const TorchCheckpoint& checkpoint, const std::string& name) {
  for (const auto& [known, tensor] : checkpoint.tensors()) {
    if (known == name) return &tensor;
  }
  return nullptr;
}

template <typename T>
std::vector<double> as(const std::vector<std::byte>& bytes) {
  std::vector<T> numbers(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return {numbers.begin(), numbers.end()};
}

double half(uint16_t bits) { return std::ldexp(1024 + (bits & 1023), (bits >> 10 & 31) - 25); }

std::vector<double> numbers(const TorchCheckpoint& checkpoint, const TorchTensor& tensor) {
  const auto bytes = checkpoint.bytes(tensor);
  if (tensor.dtype == "F32") return as<float>(bytes);
  if (tensor.dtype == "F64") return as<double>(bytes);
  if (tensor.dtype == "I64") return as<int64_t>(bytes);
  if (tensor.dtype == "I32") return as<int32_t>(bytes);
  if (tensor.dtype == "I16") return as<int16_t>(bytes);
  if (tensor.dtype == "I8") return as<int8_t>(bytes);
  if (tensor.dtype == "F16" || tensor.dtype == "BF16") {
    std::vector<double> out;
    for (const double bits : as<uint16_t>(bytes)) {
      const auto word = static_cast<uint16_t>(bits);
      const uint32_t wide = static_cast<uint32_t>(word) << 16;
      float value = 0;
      std::memcpy(&value, &wide, 4);
      out.push_back(tensor.dtype == "BF16" ? value : word == 0 ? 0 : half(word));
    }
    return out;
  }
  return as<uint8_t>(bytes);
}

std::string error_of(const std::string& bytes) {
  return test::error_of([&] { TorchCheckpoint(std::as_bytes(std::span(bytes)), "x.pth").verify(); });
}

}  // namespace

TEST_CASE("pth: a training checkpoint is read whole, its arguments as attributes of an unknown object") {
  const json wanted = test::vector("torch_checkpoints.json")["dino_like"];
  const TorchCheckpoint checkpoint(sample("dino_like.pth"));
  std::vector<std::string> keys;
  for (size_t i = 0; i < checkpoint.root().items.size(); i += 2) keys.emplace_back(checkpoint.root().items[i]->text);
  CHECK(keys == wanted["top_keys"].get<std::vector<std::string>>());
  CHECK(find(checkpoint, "student.module.backbone.weight"));
  CHECK(find(checkpoint, "teacher.backbone.bias"));
  CHECK(find(checkpoint, "dino_loss.center"));
  CHECK(checkpoint.root().find("epoch")->integer == 3);
  REQUIRE(checkpoint.opaque().size() == 1);
  CHECK(checkpoint.opaque()[0] == std::pair<std::string, std::string>("args", "argparse.Namespace"));
  const PickleValue& args = *checkpoint.root().find("args")->state;
  CHECK(args.find("lr")->real == 0.0005);
  CHECK(args.find("arch")->text == "vit_small");
  CHECK(args.find("flag")->integer == 1);
  const TorchTensor* moment = find(checkpoint, "optimizer.state.0.exp_avg");
  REQUIRE(moment);
  CHECK(numbers(checkpoint, *moment) == wanted["optimizer_exp_avg_0"]["values_row_major"].get<std::vector<double>>());
}

TEST_CASE("pth: the reference's checkpoint holds scalars of numpy, whichever name its module has") {
  const TorchCheckpoint checkpoint(golden("lafs_step.checkpoint.pth"));
  const PickleValue& group = *checkpoint.root().find("optimizer")->find("param_groups")->items[0];
  CHECK(group.find("lr")->is(PickleValue::Kind::real));
  CHECK(group.find("lr")->real > 0);
}

TEST_CASE("pth: what cannot be read is named, and how to save it again") {
  const std::string good = one_tensor(0, 6, 1, 6);
  CHECK(error_of(archive(good)) == "");
  const std::string start = "cannot read \"x.pth\": ";
  CHECK(error_of("") == start + "it was not written by torch.save" + advice);
  std::string tar(600, '\0');
  tar.replace(257, 5, "ustar");
  CHECK(error_of(tar) == start + "tar files of PyTorch before 0.1.10 are not supported" + advice);
}

TEST_CASE("pth: a tensor that leaves its storage is refused") {
  const std::string start = "cannot read \"x.pth\": ";
  const std::string outside = start + "a tensor is outside its storage \"0\"";
  CHECK(error_of(archive(one_tensor(1, 6, 1, 6))) == outside);
  CHECK(error_of(archive(one_tensor(-1, 1, 1, 6))) == outside);
  CHECK(error_of(archive(one_tensor(0, 4, 2, 6))) == outside);
  CHECK(error_of(archive(one_tensor(0, 3, 2, 6))) == "");
  CHECK(error_of(archive(one_tensor(0, 2, -1, 6))) == start + "a tensor has a negative size or stride");
  CHECK(error_of(archive(one_tensor(0, 6, 1, 7))) == start + "storage \"0\" has 24 bytes, too few for 7 elements of 4");
  CHECK(error_of(archive(one_tensor(0, 2147483647, 0, 6))) == start + "a tensor repeats its storage \"0\" to 8589934588 bytes");
  CHECK(error_of(archive(one_tensor(0, 0, 1, 6))) == "");
}

TEST_CASE("pth: damage to the archive is noticed") {
  const std::string start = "cannot read \"x.pth\": ";
  const std::string good = archive(one_tensor(0, 6, 1, 6));
  CHECK(error_of(good.substr(0, good.size() - 1)) == start + "the zip archive has no directory at its end; the file is cut off");
  std::string bytes = good;
  bytes[bytes.find("storage")] = 'S';
  CHECK(error_of(bytes) == start + "entry \"a/data.pkl\" of the zip archive is damaged, its checksum differs");
  bytes = good;
  bytes[bytes.find("a/data/0") + 8] = 1;
  CHECK(error_of(bytes) == start + "entry \"a/data/0\" of the zip archive is damaged, its checksum differs");
  bytes = good;
  bytes[bytes.rfind("a/data/0") - 36] = 8;
  CHECK(error_of(bytes) == start + "entry \"a/data/0\" of the zip archive is compressed");
  bytes = good;
  bytes[bytes.rfind("a/data/0") - 38] = 1;
  CHECK(error_of(bytes) == start + "entry \"a/data/0\" of the zip archive is encrypted");
  bytes = good;
  bytes.replace(bytes.rfind("a/data/0"), 8, "a/data.p");
  CHECK(error_of(bytes) == start + "storage \"0\" is missing");
  bytes = good;
  bytes[bytes.rfind("a/data/0") - 4] = 0, bytes[bytes.rfind("a/data/0") - 3] = 0;
  CHECK(error_of(bytes) == start + "entries \"a/data.pkl\" and \"a/data/0\" of the zip archive overlap");
  bytes[bytes.rfind("a/data/0") - 2] = 1;
  CHECK(error_of(bytes) == start + "entry \"a/data/0\" of the zip archive is outside the file");
}

TEST_CASE("pth: a cut or changed file gives an error and never more memory than it has bytes") {
  const std::string good = test::read_bytes(sample("dino_like.pth")), old = test::read_bytes(sample("views_legacy.pth"));
  for (const std::string* whole : {&good, &old}) {
    for (size_t size = 0; size < whole->size(); size += 7) {
      const std::string cut = whole->substr(0, size);
      CHECK_THROWS_AS(TorchCheckpoint(std::as_bytes(std::span(cut)), "x.pth"), Error);
    }
  }
  Rng rng(7);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = i % 2 ? good : old;
    for (int changes = 0; changes < 3; ++changes) bytes[rng.bits() % bytes.size()] = static_cast<char>(rng.bits());
    try {
      const TorchCheckpoint checkpoint(std::as_bytes(std::span(bytes)), "x.pth");
      for (const auto& [name, tensor] : checkpoint.tensors()) CHECK(checkpoint.bytes(tensor).size() <= (1 << 26));
    } catch (const Error& error) {
      CHECK(std::string(error.what()).starts_with("cannot read \"x.pth\": "));
    }
  }
}

TEST_CASE("pth: what is written reads back, flat and in dicts, beyond the 65535 entries of plain zip") {
  const test::ScratchFolder folder;
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const std::vector<int64_t> steps{9};
  const auto bytes = std::as_bytes(std::span(values));
  const TensorBytes weight{"weight", "F32", {2, 3}, bytes}, count{"count", "I64", {}, std::as_bytes(std::span(steps))};
  write_torch(folder / "flat.pth", {{"", {weight, count}}});
  const TorchCheckpoint flat(folder / "flat.pth");
  flat.verify();
  REQUIRE(flat.tensors().size() == 2);
  CHECK(flat.tensors()[0].first == "weight");
  CHECK(numbers(flat, flat.tensors()[0].second) == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(numbers(flat, flat.tensors()[1].second) == std::vector<double>{9});
  write_torch(folder / "two.pth", {{"student", {weight}}, {"teacher", {count, weight}}});
  const TorchCheckpoint two(folder / "two.pth");
  CHECK(find(two, "student.weight"));
  CHECK(find(two, "teacher.count"));
  std::vector<TensorBytes> many;
  for (int i = 0; i < 65600; ++i) many.push_back({"t" + std::to_string(i), "F32", {1}, bytes.first(4)});
  write_torch(folder / "many.pth", {{"", many}});
  CHECK(TorchCheckpoint(folder / "many.pth").tensors().size() == many.size());
  const std::string file = (folder / "bad.pth").string();
  CHECK_THROWS_WITH_AS(write_torch(file, {{"", {weight, weight}}}),
                       ("cannot write \"" + file + "\": the name \"weight\" occurs twice").c_str(), Error);
  CHECK_THROWS_WITH_AS(write_torch(file, {{"", {{"w", "F32", {5}, bytes}}}}),
                       ("cannot write \"" + file + "\": tensor \"w\" needs 20 bytes and has 24").c_str(), Error);
}

}  // namespace lafs::formats
