#pragma once
#include <string>
#include <vector>

namespace lafs {

/// How an optimizer treats a parameter [C, ...] of which a step may touch some rows only. What it leaves out keeps its values and its
/// state: no decay, no momentum, no count.
enum class RowUpdates {
  none,             ///< an ordinary gradient
  counted_by_row,   ///< the gradient is a sparse tensor of rows; each row counts its own steps
  counted_together  ///< the same; one count for all rows, as of a parameter that holds the rows for a step (Partial FC's first version)
};

struct RowSparseParameter {
  std::string parameter;  ///< own name within the module
  RowUpdates updates = RowUpdates::counted_by_row;
};

/// A module with such parameters offers this. Their `grad` is a torch COO tensor with one sparse dimension. The optimizer has to be a
/// `RowOptimizer`, which the trainer checks before the first step.
class RowSparseParameters {
 public:
  virtual ~RowSparseParameters() = default;
  virtual std::vector<RowSparseParameter> row_sparse() const = 0;
};

}  // namespace lafs
