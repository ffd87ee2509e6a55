#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "formats/torch_checkpoint.h"
#include "support/one_tensor.h"

namespace lafs::formats {

TEST_CASE("pth: a tensor or array that cannot be used is listed, and does not refuse the others") {
  using List = std::vector<std::pair<std::string, std::string>>;
  const auto unusable = [](const std::string& pickle) {
    const std::string bytes = archive(pickle);
    const TorchCheckpoint file(std::as_bytes(std::span(bytes)), "x.pth");
    file.verify();
    return file.unusable();
  };
  const auto storage = [](const std::string& type) { return one_tensor(0, 6, 1, 6, "torch._utils\n_rebuild_tensor_v2", type); };
  CHECK(unusable(storage("FloatStorage")).empty());
  CHECK(unusable(one_tensor(0, 6, 1, 6, "torch._utils\n_rebuild_sparse_tensor")) ==
        List{{"w", "it is made by \"torch._utils._rebuild_sparse_tensor\", which is not supported"}});
  CHECK(unusable(storage("ComplexFloatStorage")) == List{{"w", "it holds complex numbers"}});
  CHECK(unusable(storage("QInt8Storage")) == List{{"w", "it holds quantised numbers"}});
  CHECK(unusable(storage("NewStorage")) == List{{"w", "its storage is a \"torch.NewStorage\", which is not supported"}});
  // A NumPy array of one text of two characters.
  const std::string array =
      "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntU\x01"
      "btR(I1\n(I1\ntcnumpy\ndtype\n(U\x02U2I0\nI1\ntRI00\nU\x08" +
      std::string("a\0\0\0b\0\0\0", 8) + "tb";
  CHECK(unusable("\x80\x02}U\x01n" + array + "s.") == List{{"n", "it is a NumPy array of type \"U2\", not a tensor"}});
}

TEST_CASE("pth: a dict that holds itself is walked once") {
  const std::string tensor = one_tensor(0, 6, 1, 6);
  const std::string bytes = archive("\x80\x02}q\x01U\x04" + std::string("selfh\x01s") + tensor.substr(3, tensor.size() - 4) + ".");
  const TorchCheckpoint file(std::as_bytes(std::span(bytes)), "x.pth");
  REQUIRE(file.tensors().size() == 1);
  CHECK(file.tensors()[0].first == "w");
}

}  // namespace lafs::formats
