#include "runner/tools/release/recognise.h"

#include <doctest/doctest.h>

#include "runner/tools/release/name_hints.h"

namespace lafs::test {
namespace {

StoredTensor tensor(const std::string& name, const std::vector<int64_t>& shape) { return {name, "F32", shape, ""}; }

/// The tensors by which an fViT of two blocks is known, with a prefix.
std::vector<StoredTensor> fvit(const std::string& prefix, bool landmarks) {
  std::vector<StoredTensor> out{tensor(prefix + "pos_embedding", {1, 197, 24}), tensor(prefix + "cls_token", {1, 1, 24}),
                                tensor(prefix + "patch_to_embedding.weight", {24, 192})};
  for (const char* block : {"0", "1"}) {
    out.push_back(tensor(prefix + "transformer.layers." + block + ".0.fn.fn.to_qkv.weight", {3 * 128, 24}));
    out.push_back(tensor(prefix + "transformer.layers." + block + ".1.fn.fn.net.0.weight", {48, 24}));
  }
  if (landmarks) {
    out.push_back(tensor(prefix + "stn.features.0.0.weight", {16, 3, 3, 3}));
    out.push_back(tensor(prefix + "output_layer.1.weight", {392, 160}));
  }
  return out;
}

TEST_CASE("recognise: a supervised Part-fViT with and without prefixes, with its sizes and classes") {
  for (const char* prefix : {"", "module.", "state_dict.module.", "model.backbone."}) {
    std::vector<StoredTensor> tensors = fvit(prefix, true);
    tensors.push_back(tensor(std::string(prefix) + "loss.weight", {205990, 24}));
    const Recognised seen = recognise(tensors);
    CHECK(seen.kind == NetworkKind::part_fvit);
    CHECK(seen.shape == NetworkShape{24, 2, 2, 64, 48, 8, 196, 196});
    CHECK(seen.classes == 205990);
    CHECK(seen.text == "supervised Part-fViT: 24 wide, 2 blocks, 2 heads, 196 landmarks; class matrix of 205,990 rows");
  }
  CHECK(recognise(fvit("module.", false)).kind == NetworkKind::fvit);
}

TEST_CASE("recognise: a checkpoint of a pre-training is its teacher") {
  std::vector<StoredTensor> tensors = fvit("teacher.backbone.", false);
  tensors.push_back(tensor("teacher.head.last_layer.weight_v", {65536, 256}));
  tensors.push_back(tensor("student.module.backbone.cls_token", {1, 1, 99}));
  const Recognised seen = recognise(tensors);
  CHECK(seen.kind == NetworkKind::self_supervised);
  CHECK(seen.shape.dim == 24);
  CHECK(seen.prototypes == 65536);
  CHECK(recognise(fvit("student.module.backbone.", false)).fault ==
        "it is a checkpoint of a pre-training without \"teacher\", which is the network that is used");
}

TEST_CASE("recognise: what does not fit says what was seen") {
  CHECK(recognise({tensor("a", {1}), tensor("b", {2})}).fault ==
        "it is no network of a released file: it has 2 tensors, such as \"a\", \"b\"");
  CHECK(recognise({tensor("teacher.patch_embed.proj.weight", {1, 3, 8, 8})}).fault.ends_with("as DINO and timm have it"));
  std::vector<StoredTensor> tensors = fvit("module.", true);
  tensors.erase(tensors.begin() + 1);
  CHECK(recognise(tensors).fault == "it looks like a supervised Part-fViT, but it has no tensor \"cls_token\"");
}

TEST_CASE("names: a hint that the tensors contradict is a remark") {
  const std::vector<ReleaseRow> rows{{.stem = "row_b", .title = "B", .kind = NetworkKind::part_fvit, .classes = 93431}};
  std::vector<StoredTensor> tensors = fvit("module.", true);
  tensors.push_back(tensor("module.loss.weight", {205990, 24}));
  const NameHints hints = name_hints("ms1m/Epoch_34_Batch_523881_checkpoint.pth", recognise(tensors), rows);
  CHECK(hints.row == "row_b");
  REQUIRE(hints.remarks.size() == 2);
  CHECK(hints.remarks[1] == "its name says \"ms1m\", but its class matrix has 205,990 rows, and MS1MV3 has 93,431 people");
  tensors.back().shape[0] = 93431;
  CHECK(name_hints("ms1m/Epoch_34_Batch_523881_checkpoint.pth", recognise(tensors), rows).remarks.empty());
}

}  // namespace
}  // namespace lafs::test
