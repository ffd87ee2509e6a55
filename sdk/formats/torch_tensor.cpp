#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "formats/torch_checkpoint.h"
#include "formats/torch_types.h"

// The part of TorchCheckpoint that makes one tensor out of a pickled value and a storage.
namespace lafs::formats {

namespace {

using Kind = PickleValue::Kind;

constexpr uint64_t largest_expanded = uint64_t{1} << 26;
constexpr std::string_view untyped = "torch.storage.UntypedStorage";

}  // namespace

size_t torch_item_size(std::string_view dtype) {
  const TorchType* type = torch_type(&TorchType::dtype, dtype);
  return type ? type->size : 0;
}

int64_t TorchTensor::elements() const {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

std::span<const std::byte> TorchCheckpoint::storage_bytes(const std::string& key) const {
  if (zip_) {
    if (const ZipEntry* entry = zip_->find(folder_ + "data/" + key)) return entry->data;
  } else if (const auto found = legacy_.find(key); found != legacy_.end()) {
    return found->second;
  }
  fail(fmt::format("storage \"{}\" is missing", key));
}

TorchTensor TorchCheckpoint::storage(const PickleValue& reference) const {
  const PickleValue* id = reference.is(Kind::persistent) ? reference.items[0] : nullptr;
  if (!id || !id->is(Kind::tuple) || id->items.size() < 5 || !id->items[0]->is_text() || id->items[0]->text != "storage" ||
      !id->items[1]->is(Kind::global) || !id->items[2]->is_text() || !id->items[4]->is(Kind::integer))
    fail("a tensor refers to no storage");
  TorchTensor made;
  made.storage = id->items[2]->text;
  const std::string_view name = id->items[1]->text;
  const TorchType* type = torch_type(&TorchType::storage, name);
  if (!type && name != untyped) {
    for (const OtherStorage& other : other_storages) {
      if (other.storage == name) throw NotUsable{fmt::format("it holds {}", other.what)};
    }
    throw NotUsable{fmt::format("its storage is a \"{}\", which is not supported", name)};
  }
  if (type) made.dtype = type->dtype;
  made.data = storage_bytes(made.storage);
  const uint64_t size = type ? type->size : 1;
  uint64_t count = static_cast<uint64_t>(id->items[4]->integer), start = 0;
  const PickleValue* view = id->items.size() > 5 ? id->items[5] : nullptr;
  if (view && view->is(Kind::tuple) && view->items.size() == 3) {
    start = static_cast<uint64_t>(view->items[1]->integer);
    count = static_cast<uint64_t>(view->items[2]->integer);
  }
  const uint64_t there = made.data.size() / size;
  if (start > there || count > there - start)
    fail(fmt::format("storage \"{}\" has {} bytes, too few for {} elements of {}", made.storage, made.data.size(), count, size));
  made.data = made.data.subspan(start * size, count * size);
  return made;
}

void TorchCheckpoint::check(const TorchTensor& tensor) const {
  const size_t size = torch_item_size(tensor.dtype);
  if (tensor.shape.size() > 64 || tensor.shape.size() != tensor.strides.size()) fail("a tensor has sizes and strides that do not fit");
  const auto outside = [&] { fail(fmt::format("a tensor is outside its storage \"{}\"", tensor.storage)); };
  uint64_t last = static_cast<uint64_t>(tensor.offset), elements = size;
  bool empty = false;
  if (tensor.offset < 0) outside();
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] < 0 || tensor.strides[i] < 0) fail("a tensor has a negative size or stride");
    empty = empty || tensor.shape[i] == 0;
    uint64_t reach = 0;
    if (__builtin_mul_overflow(static_cast<uint64_t>(std::max<int64_t>(tensor.shape[i] - 1, 0)), static_cast<uint64_t>(tensor.strides[i]),
                               &reach) ||
        __builtin_add_overflow(last, reach, &last))
      outside();
    if (tensor.shape[i] > 0 && __builtin_mul_overflow(elements, static_cast<uint64_t>(tensor.shape[i]), &elements)) outside();
  }
  if (elements > static_cast<uint64_t>(INT64_MAX)) outside();
  if (empty) return;
  if (last >= tensor.data.size() / size) outside();
  // An expanded tensor repeats its storage; a few bytes of a file must not ask for all memory.
  if (elements > largest_expanded && elements > tensor.data.size())
    fail(fmt::format("a tensor repeats its storage \"{}\" to {} bytes", tensor.storage, elements));
}

std::vector<int64_t> TorchCheckpoint::sizes_of(const PickleValue& value) const {
  const PickleValue* list = value.constructor() == "torch.Size" && !value.items[1]->items.empty() ? value.items[1]->items[0] : &value;
  if (!list->is_sequence()) fail("a tensor has no sizes");
  std::vector<int64_t> sizes;
  for (const PickleValue* size : list->items) {
    if (!size->is(Kind::integer)) fail("a tensor has a size that is not a whole number");
    sizes.push_back(size->integer);
  }
  return sizes;
}

std::optional<TorchTensor> TorchCheckpoint::built(std::string_view function, const PickleValue& arguments, int depth) const {
  const auto& items = arguments.items;
  const auto has = [&](size_t count) {
    if (items.size() < count) fail(fmt::format("\"{}\" has {} arguments", function, items.size()));
  };
  if (depth == 0) fail(fmt::format("values are nested deeper than {}", Pickle::deepest));
  if (function == "torch._utils._rebuild_parameter" || function == "torch._utils._rebuild_parameter_with_state") {
    has(1);
    if (!items[0]->is(Kind::object)) return std::nullopt;
    return built(items[0]->constructor(), *items[0]->items[1], depth - 1);
  }
  if (function == "torch._tensor._rebuild_from_type_v2") {
    has(4);
    if (!items[0]->is(Kind::global) || !items[2]->is(Kind::tuple)) return std::nullopt;
    return built(items[0]->text, *items[2], depth - 1);
  }
  const bool v3 = function == "torch._utils._rebuild_tensor_v3";
  if (!v3 && function != "torch._utils._rebuild_tensor_v2" && function != "torch._utils._rebuild_tensor") return std::nullopt;
  has(v3 ? 7 : 4);
  TorchTensor made = storage(*items[0]);
  if (v3) {
    const TorchType* type = items[6]->is(Kind::global) ? torch_type(&TorchType::type, items[6]->text) : nullptr;
    if (!type) throw NotUsable{fmt::format("it has the type \"{}\", which is not supported", items[6]->text)};
    made.dtype = type->dtype;
  }
  if (made.dtype.empty()) fail("a tensor has no type");
  if (!items[1]->is(Kind::integer)) fail("a tensor has no offset");
  made.offset = items[1]->integer;
  made.shape = sizes_of(*items[2]);
  made.strides = sizes_of(*items[3]);
  check(made);
  return made;
}

std::optional<TorchTensor> TorchCheckpoint::tensor_of(const PickleValue& value) const {
  try {
    return read_tensor(value);
  } catch (const NotUsable&) {
    return std::nullopt;
  }
}

std::optional<TorchTensor> TorchCheckpoint::read_tensor(const PickleValue& value) const {
  if (!value.is(Kind::object) || !value.items[0]->is(Kind::global)) return std::nullopt;
  return built(value.items[0]->text, *value.items[1], 8);
}

std::vector<std::byte> TorchCheckpoint::bytes(const TorchTensor& tensor) const {
  const size_t size = torch_item_size(tensor.dtype), rank = tensor.shape.size();
  std::vector<std::byte> out(static_cast<size_t>(tensor.elements()) * size);
  if (out.empty()) return out;
  // The longest tail of dimensions that is contiguous is copied at once.
  size_t tail = rank;
  int64_t run = 1;
  while (tail > 0 && (tensor.strides[tail - 1] == run || tensor.shape[tail - 1] == 1)) run *= tensor.shape[--tail];
  std::vector<int64_t> index(tail, 0);
  const size_t chunk = static_cast<size_t>(run) * size;
  for (size_t to = 0; to < out.size(); to += chunk) {
    int64_t from = tensor.offset;
    for (size_t i = 0; i < tail; ++i) from += index[i] * tensor.strides[i];
    std::memcpy(out.data() + to, tensor.data.data() + static_cast<size_t>(from) * size, chunk);
    for (size_t i = tail; i-- > 0;) {
      if (++index[i] < tensor.shape[i]) break;
      index[i] = 0;
    }
  }
  return out;
}

}  // namespace lafs::formats
