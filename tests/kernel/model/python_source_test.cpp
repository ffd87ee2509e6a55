#include "kernel/model/python_source.h"

#include <doctest/doctest.h>

#include "lafs/error.h"
#include "support/bytes.h"
#include "support/scratch.h"

namespace lafs {

namespace {

size_t count(const std::string& text, const std::string& word) {
  size_t times = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + word.size())) ++times;
  return times;
}

}  // namespace

TEST_CASE("python source: a class and its parts become one file, each part once, imports first") {
  const test::ScratchFolder folder;
  test::write_bytes(folder / "drop.py", "\"\"\"Drops.\"\"\"\n\nfrom torch import nn\n\n\nclass Drop(nn.Module):\n    pass\n");
  test::write_bytes(folder / "block.py", "import math\nfrom drop import Drop\n\nROOT = math.sqrt(2)\n");
  test::write_bytes(
      folder / "backbone_mine.py",
      "\"\"\"Mine.\n\nTwo lines.\n\"\"\"\nfrom __future__ import annotations\nimport math\nimport torch\nfrom drop import Drop\n"
      "from block import ROOT\n\n\nclass Backbone(Drop):\n    def late(self):\n        import os\n");
  const std::string text = python_source(folder / "backbone_mine.py", {{"BACKBONE_NAME", "mine"}, {"EMBEDDING_WIDTH", "64"}});
  CHECK(text.starts_with("\"\"\"A network that lafs trained, for PyTorch: backbone \"mine\", embeddings of 64 numbers.\n"));
  CHECK(text.find("\"\"\"\n\nfrom __future__ import annotations\nimport json\nimport math\nimport pathlib\nimport sys\nimport torch\n"
                  "from torch import nn\n\n") != std::string::npos);
  CHECK(text.find("# Mine.\n#\n# Two lines.\n\n\nclass Drop(nn.Module):\n    pass\n\n\nROOT = math.sqrt(2)\n\n\n"
                  "class Backbone(Drop):\n    def late(self):\n        import os\n\n\nHERE = ") != std::string::npos);
  CHECK(count(text, "class Drop") == 1);
  CHECK(count(text, "from drop") + count(text, "from block") + count(text, "from backbone") == 0);
  CHECK(count(text, "\n\n\n\n") == 0);
  CHECK(text.ends_with(" numbers)\")\n"));
}

TEST_CASE("python source: a class that cannot be read is named") {
  CHECK_THROWS_WITH_AS(python_source("/nowhere/backbone_mine.py", {}), "cannot read \"/nowhere/backbone_mine.py\"", Error);
}

}  // namespace lafs
