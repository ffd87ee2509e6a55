#include "runner/tools/weights/written.h"

#include <cstdio>

#include <fmt/format.h>

#include "kernel/model/export.h"
#include "kernel/model/python_export.h"

namespace lafs {

void print_written(const ExportRequest& request, const ExportedWeights& weights) {
  fmt::print("{} of {} tensors of \"{}\" under the names of map \"{}\" in \"{}\"\n", weights.tensors - weights.left_out.size(),
             weights.tensors, weights.file.string(), request.map, request.out.string());
  for (const std::string& name : weights.left_out) fmt::print("  left out: {}\n", name);
}

void print_written(const PythonExportRequest& request, const PythonExport& network) {
  fmt::print("{} tensors of \"{}\" with the PyTorch class of \"{}\", embeddings of {} numbers, in \"{}\"\n", network.tensors,
             network.checkpoint.string(), network.backbone, network.embed_dim, request.folder.string());
}

}  // namespace lafs
