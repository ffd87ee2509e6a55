#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/input.h"

namespace lafs {

/// A size of a network's input as its file has it: a number, or 0 and maybe a name where it is left open.
struct Dim {
  int64_t size = 0;
  std::string name;
};

/// "[batch,3,112,112]"; "?" stands for an open size without a name.
std::string shape_text(const std::vector<Dim>& dims);

/// The input of a Caffe network: the first four numbers of `input_dim`, or of `dim` in an `input_shape` or a layer of type "Input"; nothing
/// where it has none.
std::optional<std::vector<Dim>> caffe_input(std::string_view network);

/// Throws Error unless the input takes one picture of the contract's size; an open size takes any. `file`, in quotation marks, begins the
/// sentence.
void check_input(const std::vector<Dim>& dims, const InputContract& input, const std::string& file);

}  // namespace lafs
