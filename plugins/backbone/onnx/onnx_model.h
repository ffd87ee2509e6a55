#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lafs/input.h"
#include "model_input.h"

namespace lafs {

/// The input of an ONNX model: its first that is not a stored tensor; nothing for bytes that cannot be followed to it.
std::optional<std::vector<Dim>> onnx_input(std::string_view model);

/// Whether tensors of the model are in other files than this one.
bool has_external_data(std::string_view model);

/// The same model for one picture of the contract's size, in a form that OpenCV reads: sizes that the input leaves open are filled in, and
/// a node "Identity" of a stored tensor, as PyTorch writes where two of its tensors are equal, gives way to that tensor. Everything else
/// stays byte for byte.
std::string prepared_onnx(std::string_view model, const InputContract& input);

}  // namespace lafs
