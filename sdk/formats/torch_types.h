#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace lafs::formats {

/// The names of one element type: in safetensors, of its storage class, and of the type itself in a pickle of PyTorch.
struct TorchType {
  std::string_view dtype, storage, type;
  size_t size;  ///< bytes of an element
};

inline constexpr std::array torch_types{
    TorchType{"F32", "torch.FloatStorage", "torch.float32", 4}, TorchType{"F64", "torch.DoubleStorage", "torch.float64", 8},
    TorchType{"F16", "torch.HalfStorage", "torch.float16", 2},  TorchType{"BF16", "torch.BFloat16Storage", "torch.bfloat16", 2},
    TorchType{"I64", "torch.LongStorage", "torch.int64", 8},    TorchType{"I32", "torch.IntStorage", "torch.int32", 4},
    TorchType{"I16", "torch.ShortStorage", "torch.int16", 2},   TorchType{"I8", "torch.CharStorage", "torch.int8", 1},
    TorchType{"U8", "torch.ByteStorage", "torch.uint8", 1},     TorchType{"BOOL", "torch.BoolStorage", "torch.bool", 1}};

/// Why a tensor cannot be read although the file is sound: "it holds complex numbers". Never leaves the reader.
struct NotUsable {
  std::string text;
};

/// A storage of elements that no reader of weights here understands, so that its tensors cannot be used; others of the file can.
struct OtherStorage {
  std::string_view storage, what;  ///< `what` names one tensor: "complex numbers"
  size_t size;                     ///< bytes of an element
};

inline constexpr std::array other_storages{
    OtherStorage{"torch.ComplexFloatStorage", "complex numbers", 8}, OtherStorage{"torch.ComplexDoubleStorage", "complex numbers", 16},
    OtherStorage{"torch.QInt8Storage", "quantised numbers", 1},      OtherStorage{"torch.QUInt8Storage", "quantised numbers", 1},
    OtherStorage{"torch.QInt32Storage", "quantised numbers", 4},     OtherStorage{"torch.QUInt4x2Storage", "quantised numbers", 1},
    OtherStorage{"torch.QUInt2x4Storage", "quantised numbers", 1}};

/// The type with this name in one of the three columns, `torch_type(&TorchType::storage, "torch.HalfStorage")`; null for an unknown one.
constexpr const TorchType* torch_type(std::string_view TorchType::* column, std::string_view name) {
  for (const TorchType& type : torch_types) {
    if (type.*column == name) return &type;
  }
  return nullptr;
}

}  // namespace lafs::formats
