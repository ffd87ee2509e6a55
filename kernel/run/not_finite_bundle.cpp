#include "kernel/run/not_finite_bundle.h"

#include <vector>

#include <ATen/core/Tensor.h>
#include <nlohmann/json.hpp>

#include "formats/atomic_file.h"
#include "kernel/results/json_text.h"
#include "kernel/train/trainer.h"

namespace lafs {

std::filesystem::path write_not_finite(const std::filesystem::path& folder, nlohmann::json facts, const NotFinite& error) {
  facts["what"] = error.what();
  if (error.batch) {
    const at::Tensor indices = error.batch->indices().cpu();
    facts["indices"] = std::vector<int64_t>(indices.data_ptr<int64_t>(), indices.data_ptr<int64_t>() + indices.numel());
    facts["keys"] = error.batch->keys;
    facts["micro_batch"] = error.batch->micro;
  }
  std::filesystem::path file = folder / "not_finite.json";
  formats::write_atomically(file, json_text(facts) + "\n");
  return file;
}

}  // namespace lafs
