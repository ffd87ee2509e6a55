#pragma once

namespace lafs {

struct ExportRequest;
struct ExportedWeights;
struct PythonExport;
struct PythonExportRequest;

/// Prints what an export wrote: how many tensors, from where to where, and which were left out.
void print_written(const ExportRequest& request, const ExportedWeights& weights);
void print_written(const PythonExportRequest& request, const PythonExport& network);

}  // namespace lafs
